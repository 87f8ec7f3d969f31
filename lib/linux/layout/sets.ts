/** The sets and maps of the layout. An endpoint or a network only ever adds elements to them. */
import type { NftFamily } from "../../netlink/nft/message.ts";
import type { NftSet } from "../../netlink/nft/set.ts";

export interface LayoutSet extends Omit<NftSet, "family" | "table" | "set"> {
  /** Of the table it belongs to. Absent: that of LAYOUT_TABLE. */
  readonly family?: NftFamily;
}

const stays = "source . destination that stays as it is";
const masqueraded = "sources that are masqueraded when they leave their network";
const onOneAddress = "published on one host address";
const onEveryAddress = "published on every host address";

/** A flow that was seen so lately is looked up and no more: its time need not be renewed yet. */
export const freshMs = 10_000;
/** TCP and what is like it: beyond the two hours after which a silent connection asks (RFC 5382 REQ-5: 2 h 4 min). */
export const flowMs = 7_440_000 + freshMs;
/** TCP of which one packet alone was seen (RFC 5382 REQ-5: four minutes). */
export const openingMs = 240_000;
/** After FIN or RST. */
export const endedMs = 60_000;
/** UDP (RFC 4787 REQ-5: two minutes). */
export const datagramMs = 120_000 + freshMs;
/** Protocols without ports, and pieces of packets without the ports: as long as the flow they belong to. */
export const askedMs: number = datagramMs;
/**
 * Most flows of one host. The kernel makes room for as many at once, 8 bytes for each; where they are used up, what
 * ACLs allow passes and its answers do not.
 */
const flowCount = 131_072;

const flow = (address: "ipv4_addr" | "ipv6_addr") =>
  ["iface_index", "inet_proto", address, "inet_service", "inet_service"] as const;
const ownEnds = "port . MAC . address from which it may send";
const senders = "port . MAC . address from which it may send : what is asked next, ACLs or not";
/** What rules write is by the port's number, which is read four times as fast as its name and never used again. */
const flows = "flows that ACLs let pass: port . protocol . remote . local port . remote port";
const fresh = "of these flows those that were seen a moment ago";
const asked = "port . protocol . remote: flows without ports, and what is in pieces of the others";

const sealed =
  "interface . host . VNI in two parts: who is of a network that has one way alone, and by which";
const vteps = "host . VNI in two parts: who is of the network";

const bridge = { family: "bridge" } as const;
const ports = (comment: string) => ({ ...bridge, key: ["ifname"], comment }) as const;
const drops = (comment: string) => ({ ...ports(comment), counter: true }) as const;
const guardSet = (address: "ipv4_addr" | "ipv6_addr", comment: string) =>
  ({ ...bridge, key: ["ifname", "ether_addr", address], comment }) as const;
const flowSet = (address: "ipv4_addr" | "ipv6_addr", timeoutMs: number, comment: string) =>
  ({
    ...bridge,
    key: flow(address),
    size: flowCount,
    dynamic: true,
    timeoutMs,
    comment,
  }) as const;
const askedSet = (address: "ipv4_addr" | "ipv6_addr") =>
  ({
    ...bridge,
    key: ["iface_index", "inet_proto", address],
    size: flowCount,
    dynamic: true,
    timeoutMs: askedMs,
    comment: asked,
  }) as const;
const judges = { ...ports("port : what looks up its ACLs"), data: "verdict" } as const;
const ownDirect = "endpoint . destination that sees it as it is";
const ownMasqueraded = "endpoint . destination towards which it is masqueraded";
const ownTranslated = "endpoint . destination : address it has towards it";

/** In the order in which they are created. Names are at most 31 bytes. */
export const LAYOUT_SETS = {
  switches: { key: ["ifname"], comment: "bridges of our networks" },
  isolated: {
    key: ["ifname", "ifname"],
    comment: "a switch and itself: its containers do not reach each other",
  },
  reachable: { key: ["ifname", "ifname"], comment: "from a switch . to a switch" },
  reachable_by_all: { key: ["ifname"], comment: "switches that every network of ours may reach" },
  dropped_between: { key: ["ifname"], counter: true, comment: "by switch that was not to be reached" },
  dropped_astray: {
    key: ["ifname"],
    counter: true,
    comment: "by port: what came to the host past its switch",
  },
  nat4: { key: ["ipv4_addr"], interval: true, comment: masqueraded },
  nat6: { key: ["ipv6_addr"], interval: true, comment: masqueraded },
  direct4: { key: ["ipv4_addr", "ipv4_addr"], interval: true, comment: stays },
  direct6: { key: ["ipv6_addr", "ipv6_addr"], interval: true, comment: stays },
  own4: { key: ["ipv4_addr"], comment: "endpoints with an OutBoundNAT of their own" },
  own6: { key: ["ipv6_addr"], comment: "endpoints with an OutBoundNAT of their own" },
  own_direct4: { key: ["ipv4_addr", "ipv4_addr"], interval: true, comment: ownDirect },
  own_direct6: { key: ["ipv6_addr", "ipv6_addr"], interval: true, comment: ownDirect },
  own_masqueraded4: { key: ["ipv4_addr", "ipv4_addr"], interval: true, comment: ownMasqueraded },
  own_masqueraded6: { key: ["ipv6_addr", "ipv6_addr"], interval: true, comment: ownMasqueraded },
  own_translated4: {
    key: ["ipv4_addr", "ipv4_addr"],
    data: ["ipv4_addr"],
    interval: true,
    comment: ownTranslated,
  },
  own_translated6: {
    key: ["ipv6_addr", "ipv6_addr"],
    data: ["ipv6_addr"],
    interval: true,
    comment: ownTranslated,
  },
  published4: {
    key: ["ipv4_addr", "inet_proto", "inet_service"],
    data: ["ipv4_addr", "inet_service"],
    comment: onOneAddress,
  },
  published6: {
    key: ["ipv6_addr", "inet_proto", "inet_service"],
    data: ["ipv6_addr", "inet_service"],
    comment: onOneAddress,
  },
  published4_any: {
    key: ["inet_proto", "inet_service"],
    data: ["ipv4_addr", "inet_service"],
    comment: onEveryAddress,
  },
  published6_any: {
    key: ["inet_proto", "inet_service"],
    data: ["ipv6_addr", "inet_service"],
    comment: onEveryAddress,
  },
  tunnels: {
    key: ["inet_service", "inet_service", "inet_proto"],
    comment: "UDP port . VNI in two parts: packets of our overlay networks",
  },
  vteps4: { key: ["ipv4_addr", "inet_service", "inet_proto"], comment: vteps },
  vteps6: { key: ["ipv6_addr", "inet_service", "inet_proto"], comment: vteps },
  sealed4: { key: ["ifname", "ipv4_addr", "inet_service", "inet_proto"], comment: sealed },
  sealed6: { key: ["ifname", "ipv6_addr", "inet_service", "inet_proto"], comment: sealed },
  dropped_tunnel: {
    key: ["inet_service", "inet_proto"],
    counter: true,
    comment: "by VNI: from a host that is not of the network, or by another way than its own",
  },
  routed_tunnels: { key: ["ifname"], comment: "tunnels with the host as the router behind them" },
  dropped_source: {
    key: ["ifname"],
    counter: true,
    comment: "by tunnel: from an address that is not behind it",
  },
  guarded: ports("ports that send from their own addresses only"),
  guard_macs: { ...bridge, key: ["ifname", "ether_addr"], comment: "port . its MAC" },
  guard4: guardSet("ipv4_addr", ownEnds),
  guard6: guardSet("ipv6_addr", ownEnds),
  senders4: { ...guardSet("ipv4_addr", senders), data: "verdict" },
  senders6: { ...guardSet("ipv6_addr", senders), data: "verdict" },
  dhcp_servers: ports("ports that may answer DHCP clients"),
  routers: ports("ports that may advertise themselves as routers"),
  judged: ports("ports with ACLs"),
  judges_out4: judges,
  judges_out6: judges,
  judges_in4: judges,
  judges_in6: judges,
  default_out: ports("ports that may send what no ACL names"),
  default_in: ports("ports that get what no ACL names"),
  fresh4: flowSet("ipv4_addr", freshMs, fresh),
  fresh6: flowSet("ipv6_addr", freshMs, fresh),
  flows4: flowSet("ipv4_addr", flowMs, flows),
  flows6: flowSet("ipv6_addr", flowMs, flows),
  asked4: askedSet("ipv4_addr"),
  asked6: askedSet("ipv6_addr"),
  dropped_spoofed: drops("from a MAC or an address that is not the port's"),
  dropped_service: drops("of a DHCP server or router that the port may not be"),
  dropped_acl_out: drops("by an ACL, from the port"),
  dropped_acl_in: drops("by an ACL, towards the port"),
} as const satisfies Record<string, LayoutSet>;

export type LayoutSetName = keyof typeof LAYOUT_SETS;

/** Sets whose elements are a network's; those that rules fill are nobody's; all others hold what is an endpoint's. */
const networkSets: readonly LayoutSetName[] = [
  "switches",
  "isolated",
  "reachable",
  "reachable_by_all",
  "dropped_between",
  "nat4",
  "nat6",
  "direct4",
  "direct6",
  "tunnels",
  "vteps4",
  "vteps6",
  "sealed4",
  "sealed6",
  "dropped_tunnel",
  "routed_tunnels",
  "dropped_source",
];

export const layoutSetNames = Object.keys(LAYOUT_SETS) as readonly LayoutSetName[];

/** The entry with its full type: what a set may have, not only what this one has. */
export function layoutSet(name: LayoutSetName): LayoutSet {
  return LAYOUT_SETS[name];
}

export const networkSetNames = layoutSetNames.filter((name) => networkSets.includes(name));
export const stateSetNames = layoutSetNames.filter((name) => layoutSet(name).dynamic);
/** Their elements come and go with a chain of the port's own (port-acl.ts). */
export const judgeSetNames = layoutSetNames.filter((name) => name.startsWith("judges_"));
export const endpointSetNames = layoutSetNames.filter(
  (name) => ![...networkSets, ...stateSetNames, ...judgeSetNames].includes(name),
);
/** Whose keys begin with a port, which has one owner; others may be wanted by two. */
export const isOfPort = (name: LayoutSetName): boolean =>
  layoutSet(name).family === "bridge" || name === "dropped_astray";
