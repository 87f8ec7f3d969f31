/** Verdicts of nftables as those of lib/model/foreign.ts. */
import type { ForeignVerdict } from "../../model/foreign.ts";
import type { Data } from "../../netlink/nft/data.ts";

/** @param data of an immediate, or of a map's element */
export function toVerdict(data: Data | undefined): ForeignVerdict {
  if (data === undefined || data instanceof Uint8Array) return { kind: "unknown", text: "a verdict" };
  if ("chain" in data) return { kind: data.kind, chain: data.chain };
  return data.kind === "break" || data.kind === "continue" ? { kind: "continue" } : { kind: data.kind };
}

/** In nft's words; going on is not said. */
export function formatForeignVerdict(verdict: ForeignVerdict): string {
  if (verdict.kind === "continue") return "";
  if (verdict.kind === "unknown") return verdict.text;
  return "chain" in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}
