/** The chains of the layout: what happens to packets. The rules never change; what they look up does. */
import { prefix } from "../../addr/prefix.ts";
import { aclChains } from "./acl-chains.ts";
import { filteredChains } from "./filtered-chains.ts";
import { guardChains } from "./guard-chains.ts";
import { isMeantFor } from "./header-term.ts";
import { because, type LayoutChain, rule } from "./layout-chain.ts";
import {
  byMap,
  dnatByMap,
  inSet,
  isAnswer,
  masquerade,
  matchPrefix,
  snatByMap,
  toThisHost,
  verdict,
  wasDnatted,
} from "./term.ts";
import { tunnelChains } from "./tunnel-chains.ts";

/** Named priorities of nft (linux/netfilter_ipv4.h, enum nf_ip_hook_priorities). */
const FILTER = 0;
const DSTNAT = -100;
const SRCNAT = 100;

const hostsOwn = "127/8 stays the host's own, though its ports are published";
const hairpin = "hairpin: the answer must come back through the host";

/** In the order in which they are created. A function, since only the one process that creates the table needs it. */
export function layoutChains(): readonly LayoutChain[] {
  return [
    loopbackGuard(),
    prerouting(),
    output(),
    publish(),
    forward(),
    between(),
    refuse(),
    postrouting(),
    ownNat(4),
    ownNat(6),
    ...tunnelChains(),
    fromPort(),
    toPort(),
    ...guardChains(),
    ...aclChains(),
    ...filteredChains(),
  ];
}

/** Where bridges judge what they filter (linux/netfilter_bridge.h, NF_BR_PRI_FILTER_BRIDGED). */
const BRIDGE_FILTER = -200;

/**
 * All that enters a switch, bridged or for the host. Nearly every packet is one that a guarded port sends from its own
 * address, and goes on by the first rules.
 */
function fromPort(): LayoutChain {
  const own4 = ["iifname", "ether saddr", "ip saddr"] as const;
  const own6 = ["iifname", "ether saddr", "ip6 saddr"] as const;
  return {
    family: "bridge",
    name: "from_port",
    base: { type: "filter", hook: "prerouting", priority: BRIDGE_FILTER, policy: "accept" },
    rules: [
      rule(byMap(own4, "senders4")),
      rule(byMap(own6, "senders6")),
      rule(inSet(["iifname"], "guarded"), verdict({ kind: "jump", chain: "guard" })),
      rule(inSet(["iifname"], "judged"), verdict({ kind: "goto", chain: "acl_out" })),
    ],
  };
}

/** All that leaves it, bridged or from the host. */
function toPort(): LayoutChain {
  return {
    family: "bridge",
    name: "to_port",
    base: { type: "filter", hook: "postrouting", priority: BRIDGE_FILTER, policy: "accept" },
    rules: [rule(inSet(["oifname"], "judged"), verdict({ kind: "goto", chain: "acl_in" }))],
  };
}

/**
 * From one switch of ours to another, or back to the same: what comes in or goes out pays two look-ups at most, and once its
 * connection stands none.
 */
function forward(): LayoutChain {
  return {
    name: "forward",
    base: { type: "filter", hook: "forward", priority: FILTER, policy: "accept" },
    rules: [
      because("answers", isAnswer, verdict({ kind: "accept" })),
      rule(
        inSet(["oifname"], "switches"),
        inSet(["iifname"], "switches"),
        verdict({ kind: "jump", chain: "between" }),
      ),
    ],
  };
}

function between(): LayoutChain {
  const pass = verdict({ kind: "return" });
  return {
    name: "between",
    rules: [
      because("a published port is the host's, for everybody", wasDnatted, pass),
      rule(inSet(["iifname", "oifname"], "isolated"), verdict({ kind: "goto", chain: "refuse" })),
      rule(inSet(["iifname", "oifname"], "reachable"), pass),
      rule(inSet(["oifname"], "reachable_by_all"), pass),
      rule(verdict({ kind: "goto", chain: "refuse" })),
    ],
  };
}

function refuse(): LayoutChain {
  const drop = verdict({ kind: "drop" });
  return { name: "refuse", rules: [rule(inSet(["oifname"], "dropped_between"), drop), rule(drop)] };
}

/** An endpoint's own OutBoundNAT stands above that of its network. */
function ownNat(family: 4 | 6): LayoutChain {
  const [header, everybody] =
    family === 4 ? (["ip", "224.0.0.0/4"] as const) : (["ip6", "ff00::/8"] as const);
  const ends = [`${header} saddr`, `${header} daddr`] as const;
  const accept = verdict({ kind: "accept" });
  return {
    name: `own_nat${family}`,
    rules: [
      rule(matchPrefix(ends[1], prefix(everybody)), accept),
      rule(inSet(ends, `own_direct${family}`), accept),
      rule(snatByMap(header, ends, `own_translated${family}`)),
      rule(inSet(ends, `own_masqueraded${family}`), masquerade),
      rule(accept),
    ],
  };
}

/**
 * A bridge leaves frames to its own group addresses (01:80:c2:00:00:0x) to the host's stack, as if its port were no
 * port: past guard and ACLs, and on an interface that takes router advertisements.
 *
 * Publishing on 127.0.0.1 needs route_localnet on the switches, and that opens 127/8 to containers. What is for the
 * host alone passes here, so that what it forwards pays nothing.
 */
function loopbackGuard(): LayoutChain {
  const drop = verdict({ kind: "drop" });
  const toLoopback = matchPrefix("ip daddr", prefix("127.0.0.0/8"));
  const fromSwitch = inSet(["iifname"], "switches");
  return {
    name: "loopback_guard",
    base: { type: "filter", hook: "input", priority: FILTER, policy: "accept" },
    rules: [
      because("past its switch", isMeantFor("multicast"), inSet(["iifname"], "dropped_astray"), drop),
      because(hostsOwn, matchPrefix("ip saddr", prefix("127.0.0.0/8")), fromSwitch, drop),
      because(
        "the answer of a published port",
        toLoopback,
        fromSwitch,
        wasDnatted,
        verdict({ kind: "return" }),
      ),
      because(hostsOwn, toLoopback, fromSwitch, drop),
    ],
  };
}

function prerouting(): LayoutChain {
  return {
    name: "prerouting",
    base: { type: "nat", hook: "prerouting", priority: DSTNAT, policy: "accept" },
    rules: [
      because(
        "from beyond the host; its own packets to 127/8 pass through output",
        matchPrefix("ip daddr", prefix("127.0.0.0/8")),
        verdict({ kind: "return" }),
      ),
      rule(toThisHost, verdict({ kind: "jump", chain: "publish" })),
    ],
  };
}

function output(): LayoutChain {
  return {
    name: "output",
    base: { type: "nat", hook: "output", priority: DSTNAT, policy: "accept" },
    rules: [
      because(
        "the kernel cannot forward ::1; refused at once is better than a hang",
        matchPrefix("ip6 daddr", prefix("::1/128")),
        verdict({ kind: "return" }),
      ),
      rule(toThisHost, verdict({ kind: "jump", chain: "publish" })),
    ],
  };
}

/** The protocol is part of every key, so what has no ports (ICMP) never matches, whatever stands in their place. */
function publish(): LayoutChain {
  return {
    name: "publish",
    rules: [
      rule(dnatByMap("ip", ["ip daddr", "meta l4proto", "th dport"], "published4")),
      rule(dnatByMap("ip", ["meta l4proto", "th dport"], "published4_any")),
      rule(dnatByMap("ip6", ["ip6 daddr", "meta l4proto", "th dport"], "published6")),
      rule(dnatByMap("ip6", ["meta l4proto", "th dport"], "published6_any")),
    ],
  };
}

/** Where bridged packets pass here too (br_netfilter), multicast within a network must keep its source. */
function postrouting(): LayoutChain {
  const accept = verdict({ kind: "accept" });
  const direct4 = inSet(["ip saddr", "ip daddr"], "direct4");
  const direct6 = inSet(["ip6 saddr", "ip6 daddr"], "direct6");
  const toSwitch = inSet(["oifname"], "switches");
  return {
    name: "postrouting",
    base: { type: "nat", hook: "postrouting", priority: SRCNAT, policy: "accept" },
    rules: [
      because(hairpin, wasDnatted, toSwitch, direct4, masquerade),
      because(hairpin, wasDnatted, toSwitch, direct6, masquerade),
      because(
        "published port reached through 127.0.0.1",
        matchPrefix("ip saddr", prefix("127.0.0.0/8")),
        toSwitch,
        masquerade,
      ),
      because("between hosts of a network", inSet(["oifname"], "routed_tunnels"), accept),
      rule(inSet(["ip saddr"], "own4"), verdict({ kind: "goto", chain: "own_nat4" })),
      rule(inSet(["ip6 saddr"], "own6"), verdict({ kind: "goto", chain: "own_nat6" })),
      rule(direct4, accept),
      rule(direct6, accept),
      rule(inSet(["ip saddr"], "nat4"), matchPrefix("ip daddr", prefix("224.0.0.0/4"), "!="), masquerade),
      rule(inSet(["ip6 saddr"], "nat6"), matchPrefix("ip6 daddr", prefix("ff00::/8"), "!="), masquerade),
    ],
  };
}
