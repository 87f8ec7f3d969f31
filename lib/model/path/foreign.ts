/** What the rules of other programs do to a packet: as nf_tables runs them, with "perhaps" where a rule is not understood. */

import { ipFamily } from "../../addr/ip.ts";
import type { IpPacket } from "../../policy/packet.ts";
import type { ForeignChain, ForeignHook } from "../foreign.ts";
import { runChain, type Who } from "./foreign-chain.ts";
import type { RuleView } from "./foreign-condition.ts";

export interface ForeignView {
  /** Interface by which the packet came in; absent where it comes from the host itself. */
  readonly in?: string;
  /** Interface by which it leaves; absent before routing, and where it goes to the host itself. */
  readonly out?: string;
  /** As it is before the host's NAT at this hook. */
  readonly packet: IpPacket;
  /** As it is behind the host's NAT at this hook; absent: as before. */
  readonly translated?: IpPacket;
  /** `untracked`: no connection is known of it, since our rules leave outer packets of tunnels to none. */
  readonly state: "new" | "established" | "untracked";
  /** The destination of the connection is translated: it goes to a published port. */
  readonly dnat: boolean;
  /** The packet is at the bridge's own hooks: chains of the family "bridge" judge it, with ports as interfaces. */
  readonly bridged?: true;
}

export interface ForeignJudgement {
  readonly verdict: "accept" | "drop" | "perhaps";
  /** What drops it, or may; absent where all accept. */
  readonly by?: Who;
  /** No rule but the policy of the chain. */
  readonly policy?: boolean;
}

/**
 * Each base chain at the hook must accept, and a drop of any is final.
 *
 * Only chains of type "filter" are asked: chains of type "nat" see the first packet of a connection alone, and are
 * not made to drop. REJECT counts as a drop.
 */
export function judgeForeign(
  chains: readonly ForeignChain[],
  hook: ForeignHook,
  view: ForeignView,
): ForeignJudgement {
  let perhaps: ForeignJudgement | undefined;
  for (const { chain, base } of baseChains(chains, hook, view)) {
    const table = new Map(chains.filter((one) => one.table === chain.table).map((one) => [one.chain, one]));
    const ends = runChain(chain, table, viewAt(hook, base.priority, view));
    const policy: Who | undefined =
      ends.falls && base.policy === "drop" ? { table: chain.table, chain: chain.chain } : undefined;
    const dropping = ends.drops ?? policy;
    if (dropping === undefined) continue;
    const judgement = { by: dropping, ...(ends.drops === undefined && { policy: true }) };
    const accepts = ends.accepts || (ends.falls && base.policy === "accept");
    if (!accepts) return { verdict: "drop", ...judgement };
    perhaps ??= { verdict: "perhaps", ...judgement };
  }
  return perhaps ?? { verdict: "accept" };
}

/** Lower priorities run first, and those of equal priority in the order in which they were made. */
function baseChains(chains: readonly ForeignChain[], hook: ForeignHook, { packet, bridged }: ForeignView) {
  const families = bridged ? ["bridge"] : ["inet", ipFamily(packet.source) === 4 ? "ip" : "ip6"];
  return chains
    .flatMap((chain) => {
      const { base } = chain;
      const asked = base?.hook === hook && base.type === "filter";
      return asked && families.includes(chain.table.split(" ")[0] ?? "") ? [{ chain, base }] : [];
    })
    .sort((a, b) => a.base.priority - b.base.priority);
}

/** NF_IP_PRI_RAW, NF_IP_PRI_CONNTRACK, NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC of linux/netfilter_ipv4.h. */
const RAW = -300;
const CONNTRACK = -200;
const NAT_DST = -100;
const NAT_SRC = 100;

/** What is known of the packet depends on what ran before. */
function viewAt(hook: ForeignHook, priority: number, view: ForeignView): RuleView {
  const entering = hook === "prerouting" || hook === "output";
  // By us, before connections are looked for.
  const from = view.state === "untracked" ? RAW : CONNTRACK;
  const tracked = !entering || priority > from;
  const nat = entering ? NAT_DST : NAT_SRC;
  const behindNat = priority > nat;
  const translated = !entering || behindNat || view.state === "established";
  return {
    in: view.in ?? "",
    out: view.out ?? "",
    packet: behindNat ? (view.translated ?? view.packet) : view.packet,
    // The bridge's hooks come before connection tracking.
    state: tracked && !view.bridged ? view.state : "invalid",
    dnat: view.dnat && tracked && translated && !view.bridged,
  };
}
