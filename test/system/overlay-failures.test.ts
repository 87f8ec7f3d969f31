import { describe, expect, it } from "vitest";
import { failEverywhere } from "./failing-add.ts";
import { whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost } from "./overlay-lab.ts";

const why = whyNoNat();
/** What an ADD of a nat network does not ask for. */
const counted = "vxlan|vsx-|fdb|neigh|nexthop|route (show|replace)|vteps|tunnels|bridge_slave";

const cases = [
  { mode: "routed", warm: false, atLeast: 20 },
  { mode: "routed", warm: true, atLeast: 10 },
  { mode: "stretched", warm: false, atLeast: 15 },
  { mode: "stretched", warm: true, atLeast: 8 },
] as const;

describe.skipIf(why)(`an ADD to an overlay network that fails${why ? ` (${why})` : ""}`, () => {
  it.each(cases)("at any step leaves host and state as they were: $mode, in use: $warm", async (one) => {
    const peers = [{ vtep: "192.0.2.2", endpoints: [["10.50.0.32", "fd00:50::20"]] }];
    const few = { directory: { type: "static", peers } };
    await using lab = await createOverlayLab({ mode: one.mode, config: one.mode === "stretched" ? few : {} });
    const first = lab.hosts[0] as OverlayHost;
    const { config, host } = first;
    if (one.warm) await first.add();
    const container = await host.compartment();
    const { count, result } = await failEverywhere(first, { type: "overlay", container, config, counted });
    console.log(`${one.mode}: failed at ${count} steps`);
    expect(count).toBeGreaterThan(one.atLeast);
    const attached = { id: "victim", netns: container.path };
    await first.done("CHECK", { ...attached, prevResult: JSON.parse(result) });
    await first.done("DEL", attached);
  });
});
