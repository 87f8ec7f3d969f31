/** A link as the kernel tells of it, for what looks at links. */
import { mac } from "../../../lib/addr/mac.ts";
import type { Link } from "../../../lib/netlink/route/decode-link.ts";

/** An Ethernet device of the host that is up, but for what is said otherwise. */
export function someLink(over: Partial<Link> = {}): Link {
  return {
    index: 2,
    name: "eth0",
    flags: 0x1003,
    up: true,
    carrier: true,
    operState: "up",
    mtu: 1500,
    mac: mac("02:00:00:00:00:01"),
    permanentMac: undefined,
    master: undefined,
    group: 0,
    kind: undefined,
    alias: undefined,
    peerIndex: undefined,
    netnsId: undefined,
    txQueueLength: 1000,
    data: [],
    slaveKind: undefined,
    slaveData: [],
    stats: undefined,
    attrs: [],
    ...over,
  };
}
