import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";

const why = whyNoNat();

describe.skipIf(why)(`containers of two hosts on an overlay network${why ? `: ${why}` : ""}`, () => {
  let lab: OverlayLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let a: Attached;
  let b: Attached;

  beforeAll(async () => {
    lab = await createOverlayLab();
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    [a, b] = [await first.add(), await second.add()];
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("reach each other in both families", async () => {
    expect(await first.host.answersPing(a.ns, b.ip4)).toBe(true);
    expect(await first.host.answersPing(a.ns, b.ip6)).toBe(true);
  });
});
