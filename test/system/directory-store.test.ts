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

  /** Their connection goes on meanwhile; then all is well again, and who comes is learnt of. */
  async function unharmed(what: () => Promise<unknown>): Promise<void> {
    const steady = await startSteady(first, a.ns, b.ns, b.ip4);
    await what();
    const { lost, longestMs, answers } = await steady.seen();
    expect({ lost, broken: longestMs > 400, answers: answers > 0 }).toEqual({
      ...{ lost: "", broken: false, answers: true },
    });
    await Promise.all([lab.says(first), lab.says(second)]);
    await lab.canary(first, second);
  }

  const all = [0, 1, 2];
  const each = (fn: (member: number) => Promise<void>) => Promise.all(all.map(fn));

  /** Nothing comes from the store, and nothing goes there; what is open breaks. */
  const cut =
    "table inet cut { chain out { type filter hook output priority -5; tcp dport 2379-2399 reject with tcp reset; }; chain in { type filter hook input priority -5; tcp sport 2379-2399 reject with tcp reset; }; }";

  it("reach each other in both families, and learn of hosts that come and go", async () => {
    expect(await first.host.answersPing(a.ns, b.ip6)).toBe(true);
    expect(await second.host.answersPing(b.ns, a.ip4)).toBe(true);
    await lab.canary(first, second);
  });

  it("do so while the store is stopped, which the status tells", () =>
    unharmed(async () => {
      await each(lab.store.stop);
      const status = await lab.says(first, "directory-away");
      expect(status).toMatchObject({ degraded: true, exitCode: 1, directories: [{ link: "away" }] });
      expect(await first.host.answersPing(a.ns, b.ip4)).toBe(true);
      await each(lab.store.start);
    }));

  it("do so when all members of the store are killed, and come back", () =>
    unharmed(async () => {
      await each(lab.store.kill);
      await each((member) => lab.store.start(member, { wait: false }));
    }));

  it("do so while two of three members are gone, without which nobody decides anything", () =>
    unharmed(async () => {
      await Promise.all([lab.store.kill(1), lab.store.kill(2)]);
      await Promise.all([lab.says(first, "directory-away"), lab.says(second, "directory-away")]);
      await Promise.all([lab.store.start(1), lab.store.start(2)]);
    }));

  it("do so when one member is gone, and no host is without the store for long", () =>
    unharmed(async () => {
      await lab.store.kill(0);
      await lab.canary(first, second);
      await lab.store.start(0);
    }));

  it("do so while one host is cut from the store, and what it missed was compacted meanwhile", () =>
    unharmed(async () => {
      await first.host.run(first.host.ns, ["nft", "-f", "-"], { input: cut });
      const { directories } = await lab.says(first, "directory-away");
      expect((await lab.status(second)).degraded).toBe(false);
      await lab.canary(second);
      const { revision } = await lab.client.range({ key: "x" });
      await lab.store.post(0, "/kv/compaction", { revision, physical: true });
      await first.host.exec(first.host.ns, "nft", "delete", "table", "inet", "cut");
      const listings = async () => (await lab.status(first)).directories[0]?.listings ?? 0;
      await until(listings, (count) => count > (directories[0]?.listings ?? 0), "another listing");
    }));

  it("do so while the store is slow", () =>
    unharmed(async () => {
      await Promise.all(all.map(lab.store.pause));
      await Bun.sleep(1500);
      all.forEach(lab.store.resume);
      await lab.canary(first, second);
    }));
});
