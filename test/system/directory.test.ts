import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { createDirectoryLab, type DirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";

const why = whyNoNat() ?? whyNoEtcd();

describe.skipIf(why)(`an overlay network whose hosts learn of each other from etcd${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let a: Attached;
  let b: Attached;
  const agents: Child[] = [];

  beforeAll(async () => {
    lab = await createDirectoryLab();
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    agents.push(await lab.agent(first), await lab.agent(second));
    [a, b] = [await first.add(), await second.add()];
  });
  afterAll(async () => {
    console.log(agents.map((one) => one.lines.join("\n")).join("\n---\n"));
    await lab?.[Symbol.asyncDispose]();
  });

  it("reach each other in both families", async () => {
    await expect.poll(() => first.host.answersPing(a.ns, b.ip4), { timeout: 10_000 }).toBe(true);
    expect(await first.host.answersPing(a.ns, b.ip6)).toBe(true);
  });
});
