/** Lost state, as far as the marks on kernel objects tell it. */
import { prefixFamily } from "../addr/prefix.ts";
import type { SwitchMark } from "../model/facts.ts";
import { nothingOfHost } from "../model/host-configuration.ts";
import { switchMac, tunnelName } from "../model/plan.ts";
import type { Backend } from "../seam/backend.ts";
import type { Recovered } from "../state/rows.ts";
import type { NetworkSpec } from "./network-spec.ts";

export function recover(backend: Backend): Recovered {
  const { endpoints, switches } = backend.marks();
  return {
    networks: switches.map((mark) => ({
      name: mark.network,
      kind: kindOf(mark),
      spec: recoveredSpec(mark),
    })),
    endpoints: endpoints.map(({ owner, ...mark }) => ({ network: "", ...mark, ...owner })),
  };
}

function kindOf({ routed, external, overlay }: SwitchMark): string {
  if (overlay !== undefined) return "overlay";
  return routed === undefined && external === undefined ? "nat" : "transparent";
}

/** What the configuration decided is not known: the next ADD says it again. */
function recoveredSpec({ network, name, mtu, gateways, routed, external, overlay }: SwitchMark): NetworkSpec {
  if (routed !== undefined) {
    const { uplink } = routed;
    const mac = switchMac(network);
    const known = {
      kind: "routed",
      network,
      name,
      mac,
      mtu,
      uplink,
      lower: uplink,
      reachable: true,
    } as const;
    return { switch: { ...known, gateways: [], forwarding: [] }, settings: {}, recovered: true };
  }
  if (external !== undefined) {
    const { kind, lower, mac } = external;
    // Whether it is a VLAN of an uplink, the next ADD says.
    const ends = { uplink: lower, lower, mac, host: nothingOfHost };
    const vswitch = { kind, network, name, mtu, gateways, forwarding: [], ...ends } as const;
    return { switch: vswitch, settings: {}, recovered: true };
  }
  const forwarding = [...new Set(gateways.map(prefixFamily))];
  if (overlay !== undefined) {
    const tunnel = { ...overlay.tunnel, name: tunnelName(network) };
    const known = { ...overlay, tunnel, network, name, mtu, gateways, forwarding, cidrs: [] };
    return { switch: { kind: "overlay", mac: switchMac(network), ...known }, settings: {}, recovered: true };
  }
  const vswitch = {
    kind: "internal",
    network,
    name,
    mac: switchMac(network),
    mtu,
    gateways,
    forwarding,
  } as const;
  return { switch: vswitch, settings: {}, recovered: true };
}
