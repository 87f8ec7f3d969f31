/** Trace messages of nf_tables as signs of a live probe: which hook each belongs to, and its rule in words. */
import type { LiveEvent, LiveHook, LiveLayer } from "../../model/live/event.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { TraceMessage } from "../../netlink/nft/trace.ts";
import { formatVerdict } from "../../netlink/nft/verdict.ts";
import { readAllTables } from "../foreign/read-foreign.ts";
import { afterNat } from "../layout/filtered-chains.ts";
import { LIVE_TABLE, liveChain } from "./live-table.ts";

/** @returns the event, or undefined for what says nothing new */
export type TraceReader = (message: TraceMessage, ms: number) => LiveEvent | undefined;

/**
 * @param rules nfnetlink of the host, as it is now
 * @param sent whether a container of this host sends the probe: else it comes out of a tunnel. @throws {NetlinkError}
 */
export function traceReader(
  rules: Netlink,
  interfaces: ReadonlyMap<number, string>,
  sent: boolean,
): TraceReader {
  const chains = readAllTables(rules, interfaces);
  const hooks = new Map(chains.map(({ chain }) => [`${chain.table} ${chain.chain}`, chain.base?.hook]));
  const texts = new Map(
    chains.flatMap(({ chain, rules: read }) =>
      read.map(({ handle, meaning }) => [`${chain.table} ${handle}`, meaning[0]?.text ?? ""] as const),
    ),
  );
  // Chains that are jumped to belong to the hook of the base chain before.
  const current = new Map<string, LiveHook>();
  const layerOf = sent ? layersOut() : layersIn();
  return (message, ms) => {
    const table = `${message.family} ${message.table}`;
    const layer = layerOf(message);
    if (message.table === LIVE_TABLE) {
      const at = message.type === "policy" ? liveChain(message.chain) : undefined;
      return at && { kind: "hook", ms, layer, ...at };
    }
    const hook = hooks.get(`${table} ${message.chain}`) ?? current.get(table);
    if (hook === undefined) return undefined;
    current.set(table, hook);
    const base = { kind: "rule", ms, layer, hook, table, chain: message.chain } as const;
    if (message.type === "policy") {
      // A policy that lets pass is what one expects.
      return message.policy === "drop" ? { ...base, verdict: "drop" } : undefined;
    }
    if (message.type === "return" || message.handle === undefined) return undefined;
    const rule = texts.get(`${table} ${message.handle}`) || `rule ${message.handle}`;
    const verdict = message.verdict ? formatVerdict(message.verdict) : "unknown";
    // No ACL was asked about what passes there so.
    if (table === "bridge vswitch" && message.chain === afterNat && verdict === "accept") return undefined;
    return { ...base, rule, verdict };
  };
}

type LayerOf = (message: TraceMessage) => LiveLayer;

/** What a container sends the host forwards: at output it can only be in a packet of a tunnel. */
function layersOut(): LayerOf {
  let outer = false;
  return ({ family, table, chain }) => {
    if (family === "bridge") return "bridge";
    outer ||= table === LIVE_TABLE && liveChain(chain)?.hook === "output";
    return outer ? "underlay" : "host";
  };
}

/** First comes what it is in; then, out of the tunnel, the probe itself. */
function layersIn(): LayerOf {
  let begun = false;
  let outer = true;
  return ({ family, table, chain, type }) => {
    if (family === "bridge") {
      outer = false;
      return "bridge";
    }
    const at = table === LIVE_TABLE && type === "policy" ? liveChain(chain) : undefined;
    if (at?.hook === "prerouting" && at.edge === "first") {
      outer &&= !begun;
      begun = true;
    }
    return outer ? "underlay" : "host";
  };
}
