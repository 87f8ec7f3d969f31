/** Packets of overlay networks on the underlay: chains of the table `inet vswitch`. */
import { isTransport } from "./header-term.ts";
import { because, type LayoutChain, rule } from "./layout-chain.ts";
import { hasWayBack, inSet, notrack, type Term, toThisHost, verdict } from "./term.ts";

/** Before connections are tracked (linux/netfilter_ipv4.h, NF_IP_PRI_RAW). */
const RAW = -300;

const vni = ["@th,104,16", "@th,96,8"] as const;
const lookup = inSet(["th dport", ...vni], "tunnels");
/** nft prints both conditions as one. */
const isOurs: Term = {
  ...lookup,
  words: lookup.words.replace("th dport", "udp dport"),
  expressions: [...isTransport("udp").expressions, ...lookup.expressions],
};

/**
 * A packet without a connection is translated by nobody, whatever rules there are: where the outer packet was translated
 * once more, kernels before 5.8 sent it with a wrong checksum. Nor do its flows fill the table of connections.
 */
export function tunnelChains(): readonly LayoutChain[] {
  const accept = verdict({ kind: "accept" });
  const drop = verdict({ kind: "drop" });
  return [
    {
      name: "tunnel_out",
      base: { type: "filter", hook: "output", priority: RAW, policy: "accept" },
      rules: [rule(isOurs, notrack)],
    },
    {
      name: "tunnel_in",
      base: { type: "filter", hook: "prerouting", priority: RAW, policy: "accept" },
      rules: [
        rule(isOurs, verdict({ kind: "goto", chain: "tunnel_from" })),
        rule(inSet(["iifname"], "routed_tunnels"), verdict({ kind: "goto", chain: "tunnel_source" })),
      ],
    },
    {
      name: "tunnel_from",
      rules: [
        rule(notrack),
        rule(inSet(["ip saddr", ...vni], "vteps4"), accept),
        rule(inSet(["ip6 saddr", ...vni], "vteps6"), accept),
        rule(inSet(["iifname", "ip saddr", ...vni], "sealed4"), accept),
        rule(inSet(["iifname", "ip6 saddr", ...vni], "sealed6"), accept),
        because(
          "others' are none of our business",
          toThisHost,
          verdict({ kind: "goto", chain: "tunnel_refuse" }),
        ),
      ],
    },
    { name: "tunnel_refuse", rules: [rule(inSet([...vni], "dropped_tunnel"), drop), rule(drop)] },
    {
      // By rules, since the kernel's own rp_filter knows IPv4 alone, and a host may loosen it for all its links at once.
      name: "tunnel_source",
      rules: [
        rule(hasWayBack, accept),
        because("not behind the tunnel", inSet(["iifname"], "dropped_source"), drop),
        rule(drop),
      ],
    },
  ];
}
