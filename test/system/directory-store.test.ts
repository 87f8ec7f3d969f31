/** Each test leaves all as it found it: two hosts whose containers reach each other, agents on both, and a store of three members. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDirectoryLab, type DirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { startSteady } from "./steady.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();

describe.skipIf(why)(`containers of two hosts${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let a: Attached;
  let b: Attached;

  beforeAll(async () => {
    lab = await createDirectoryLab({ etcd: { members: 3 } });
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    await Promise.all([lab.agent(first), lab.agent(second)]);
    [a, b] = await Promise.all([first.add(), second.add()]);
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
    await Promise.all([lab.says(first), lab.says(second)]);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  /** Their connection goes on meanwhile, and all is well again behind it. */
  async function unharmed(what: () => Promise<void>): Promise<void> {
    const steady = await startSteady(first, a.ns, b.ns, b.ip4);
    await what();
    const { lost, longestMs, answers } = await steady.seen();
    expect({ lost, broken: longestMs > 400, answers: answers > 0 }).toEqual({
      ...{ lost: "", broken: false, answers: true },
    });
    await Promise.all([lab.says(first), lab.says(second)]);
  }

  const all = [0, 1, 2];

  it("reach each other in both families", async () => {
    expect(await first.host.answersPing(a.ns, b.ip6)).toBe(true);
    expect(await second.host.answersPing(b.ns, a.ip4)).toBe(true);
  });

  it("do so while the store is stopped, which the status tells", () =>
    unharmed(async () => {
      await Promise.all(all.map((i) => lab.store.stop(i)));
      const status = await lab.says(first, "directory-away");
      expect(status).toMatchObject({ degraded: true, exitCode: 1, directories: [{ link: "away" }] });
      expect(await first.host.answersPing(a.ns, b.ip4)).toBe(true);
      await Promise.all(all.map((i) => lab.store.start(i)));
    }));
});
