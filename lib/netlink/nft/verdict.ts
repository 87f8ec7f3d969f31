/** Verdicts: what becomes of a packet (linux/netfilter.h, linux/netfilter/nf_tables.h enum nft_verdicts). */
import { type Attr, be32, getBe32, getText, nested, text } from "../attr.ts";

const NFT_VERDICTS = {
  drop: 0,
  accept: 1,
  continue: -1,
  break: -2,
  jump: -3,
  goto: -4,
  return: -5,
} as const;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;
const NFTA_VERDICT_CHAIN = 2;

export type Verdict =
  | { readonly kind: "drop" | "accept" | "continue" | "break" | "return" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

/** The content of an NFTA_*_DATA attribute. */
export function encodeVerdict(verdict: Verdict): Uint8Array {
  const code = be32(NFTA_VERDICT_CODE, NFT_VERDICTS[verdict.kind]);
  return nested(
    NFTA_DATA_VERDICT,
    "chain" in verdict ? [code, text(NFTA_VERDICT_CHAIN, verdict.chain)] : [code],
  );
}

/** @param attrs inside NFTA_DATA_VERDICT. @throws {RangeError} for a verdict that no rule can bear */
export function decodeVerdict(attrs: readonly Attr[]): Verdict {
  const code = (getBe32(attrs, NFTA_VERDICT_CODE) ?? 0) | 0;
  for (const [kind, value] of Object.entries(NFT_VERDICTS)) {
    if (value === code) return verdictOf(kind as Verdict["kind"], getText(attrs, NFTA_VERDICT_CHAIN) ?? "");
  }
  throw new RangeError(`verdict ${code}`);
}

/** In nft's words: "drop", "jump publish". */
export function formatVerdict(verdict: Verdict): string {
  return "chain" in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

/** @throws {RangeError} when the text is no verdict */
export function parseVerdict(words: string): Verdict {
  const [kind = "", chain = ""] = words.split(" ");
  if (!Object.hasOwn(NFT_VERDICTS, kind)) throw new RangeError(`not a verdict: ${words}`);
  return verdictOf(kind as Verdict["kind"], chain);
}

function verdictOf(kind: Verdict["kind"], chain: string): Verdict {
  return kind === "jump" || kind === "goto" ? { kind, chain } : { kind };
}
