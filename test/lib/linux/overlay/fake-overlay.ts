/** A host of the fake kernel with an overlay network on it. */
import type { Ip } from "../../../../lib/addr/ip.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import type { Connected } from "../../../../lib/seam/backend.ts";
import { type OverlayCase, overlayPlan } from "../../../plugins/overlay/fixture.ts";
import { type Lab, lab } from "../fake-host.ts";

export interface OverlayLab extends Lab {
  /** Plans one attachment, whose compartment is there. */
  planned(one: OverlayCase, containerId?: string): Plan<OverlaySwitch>;
  /** Attaches and reaches peers, as ADD does. @throws the first failure */
  attach(plan: Plan<OverlaySwitch>, peers: readonly Peer[], own?: readonly Ip[]): Connected | undefined;
}

export function overlayLab(): OverlayLab {
  const host = lab();
  const made = new Set<string>();
  return {
    ...host,
    planned(one, containerId = "c1") {
      const path = `/run/netns/${containerId}`;
      if (!made.has(path)) host.kernel.addCompartment(path);
      made.add(path);
      const owner = { network: "blue", containerId, ifname: "eth0" };
      return overlayPlan({ ...one, over: { owner, path, ...one.over } });
    },
    attach(plan, peers, own = []) {
      host.apply(plan);
      const connected = host.backend.connectPeers(plan.switch, { peers, own });
      const [failure] = connected?.failures ?? [];
      if (failure !== undefined) throw failure;
      return connected;
    },
  };
}
