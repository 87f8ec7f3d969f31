/**
 * ACLs where br_netfilter translates addresses on a switch's own way: what is for the host enters the host's rules in
 * the middle of the bridge's hook, and from there goes on to another port when its new destination is there (a published
 * port of a container beside it, a service of kube-proxy's). Its answers then bear addresses that no port has seen.
 *
 * So what begins a flow is remembered once more as it is behind that, and what is refused before is looked up there
 * among the flows: an answer becomes itself again by the translation. Where br_netfilter is off both are the same.
 */
import { icmpErrors, icmpReplies } from "../../policy/acl.ts";
import { aboutFlow } from "./acl-chains.ts";
import { icmpType, isNoted, isProtocol, isTransport, setNote } from "./header-term.ts";
import { because, type LayoutChain, rule } from "./layout-chain.ts";
import { datagramMs, flowMs, openingMs } from "./sets.ts";
import { type Family, sides } from "./side.ts";
import { inSet, remember, verdict } from "./term.ts";

/** Behind br_netfilter, which is at 0 (linux/netfilter_bridge.h, NF_BR_PRI_NAT_DST_OTHER). */
const AFTER_NAT = 100;

/** Base chain that sees all that enters a switch, mostly what nothing was noted of. */
export const afterNat = "after_nat";

const accept = verdict({ kind: "accept" });
const goTo = (chain: string) => verdict({ kind: "goto", chain });
const chain = (name: string, rules: LayoutChain["rules"]): LayoutChain => ({ family: "bridge", name, rules });

export function filteredChains(): readonly LayoutChain[] {
  return [
    {
      family: "bridge",
      name: afterNat,
      base: { type: "filter", hook: "prerouting", priority: AFTER_NAT, policy: "accept" },
      rules: [
        rule(isNoted("nothing"), accept),
        rule(isNoted("began4"), goTo("began4")),
        rule(isNoted("began6"), goTo("began6")),
        rule(isNoted("refused"), setNote("nothing"), goTo("refused")),
      ],
    },
    chain("refused", [
      rule(isProtocol("ip"), goTo("refused4")),
      rule(isProtocol("ip6"), goTo("refused6")),
      rule(goTo("drop_out")),
    ]),
    ...([4, 6] as const).flatMap(familyChains),
  ];
}

function familyChains(family: Family): readonly LayoutChain[] {
  const { index, knownRemote, localPort, remotePort } = sides.Out;
  const asked = [index, "meta l4proto", knownRemote(family)] as const;
  const flow = [...asked, localPort, remotePort] as const;
  const flows = `flows${family}` as const;
  const about = inSet(aboutFlow(sides.Out, family), flows);
  return [
    chain(`began${family}`, [
      rule(setNote("nothing")),
      rule(isTransport("tcp"), remember(flow, flows, openingMs), accept),
      rule(isTransport("udp"), remember(flow, flows, datagramMs), accept),
      rule(remember(flow, flows, flowMs)),
    ]),
    chain(`refused${family}`, [
      rule(inSet(flow, flows), accept),
      rule(isTransport(family === 4 ? "icmp" : "icmp6"), goTo(`refused_icmp${family}`)),
      rule(goTo("drop_out")),
    ]),
    chain(`refused_icmp${family}`, [
      because("echo reply", icmpType(icmpReplies[family]), inSet(asked, `asked${family}`), accept),
      ...icmpErrors[family].map((type) => because("an error", icmpType(type), about, accept)),
      rule(goTo("drop_out")),
    ]),
  ];
}
