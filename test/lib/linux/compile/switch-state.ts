/** What is there of a switch, for compilers: nothing, all of it, or all but a part. */

import { switchElements } from "../../../../lib/linux/compile/elements.ts";
import { switchAlias } from "../../../../lib/linux/mark.ts";
import type { SwitchState } from "../../../../lib/linux/observe.ts";
import type { HostedSwitch as Switch } from "../../../../lib/model/switch.ts";
import type { Link } from "../../../../lib/netlink/route/decode-link.ts";
import { someLink } from "../some-link.ts";

/** A host that has never seen a network of ours. */
export function freshHost(wanted: Switch, over: Partial<SwitchState> = {}): SwitchState {
  return {
    link: undefined,
    addresses: [],
    layout: "absent",
    missing: switchElements(wanted),
    forwarding: { 4: false, 6: false },
    advertised: [],
    ...over,
  };
}

/** A host where the switch is as wanted. */
export function warmHost(wanted: Switch, over: Partial<SwitchState> = {}): SwitchState {
  return {
    link: bridge(wanted),
    addresses: wanted.gateways,
    layout: "current",
    missing: [],
    forwarding: { 4: true, 6: true },
    advertised: [],
    ...over,
  };
}

export function bridge({ name, mac, mtu, network, gateways }: Switch, over: Partial<Link> = {}): Link {
  const alias = switchAlias(network, gateways);
  return someLink({ index: 7, name, mtu, mac, kind: "bridge", alias, ...over });
}
