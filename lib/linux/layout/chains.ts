/** The chains of the layout: what happens to packets. The rules never change; what they look up does. */
import { prefix } from "../../addr/prefix.ts";
import type { BaseHook } from "../../netlink/nft/chain.ts";
import type { NftFamily } from "../../netlink/nft/message.ts";
import {
  dnatByMap,
  inSet,
  masquerade,
  matchPrefix,
  type Term,
  toThisHost,
  verdict,
  wasDnatted,
} from "./term.ts";

export interface LayoutRule {
  readonly terms: readonly Term[];
  readonly comment?: string;
}

export interface LayoutChain {
  readonly name: string;
  /** Of the table it belongs to. Absent: that of LAYOUT_TABLE. */
  readonly family?: NftFamily;
  /** Absent: a chain that rules jump to. */
  readonly base?: BaseHook;
  readonly rules: readonly LayoutRule[];
}

/** Named priorities of nft (linux/netfilter_ipv4.h, enum nf_ip_hook_priorities). */
const FILTER = 0;
const DSTNAT = -100;
const SRCNAT = 100;

const rule = (...terms: readonly Term[]): LayoutRule => ({ terms });
const because = (comment: string, ...terms: readonly Term[]): LayoutRule => ({ terms, comment });

const hostsOwn = "127/8 stays the host's own, though its ports are published";
const hairpin = "hairpin: the answer must come back through the host";

/** In the order in which they are created. A function, since only the one process that creates the table needs it. */
export function layoutChains(): readonly LayoutChain[] {
  return [loopbackGuard(), prerouting(), output(), publish(), postrouting()];
}

/**
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
      rule(direct4, accept),
      rule(direct6, accept),
      rule(inSet(["ip saddr"], "nat4"), matchPrefix("ip daddr", prefix("224.0.0.0/4"), "!="), masquerade),
      rule(inSet(["ip6 saddr"], "nat6"), matchPrefix("ip6 daddr", prefix("ff00::/8"), "!="), masquerade),
    ],
  };
}
