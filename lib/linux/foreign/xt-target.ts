/** What extensions of xtables do with a packet. */
import type { ForeignVerdict } from "../../model/foreign.ts";
import type { Compat } from "../../netlink/nft/expr/compat.ts";

/** Those that let the packet go on: they count, mark, note, or translate addresses. */
const PASSING = [
  "AUDIT",
  "CHECKSUM",
  "CLASSIFY",
  "CONNMARK",
  "CONNSECMARK",
  "CT",
  "DNAT",
  "DSCP",
  "HL",
  "HMARK",
  "IDLETIMER",
  "LED",
  "LOG",
  "MARK",
  "MASQUERADE",
  "NETMAP",
  "NFLOG",
  "NOTRACK",
  "RATEEST",
  "REDIRECT",
  "SECMARK",
  "SET",
  "SNAT",
  "TCPMSS",
  "TCPOPTSTRIP",
  "TEE",
  "TOS",
  "TRACE",
  "TTL",
];
const ENDING: Readonly<Record<string, ForeignVerdict>> = {
  ACCEPT: { kind: "accept" },
  DROP: { kind: "drop" },
  REJECT: { kind: "drop" },
  RETURN: { kind: "return" },
};

/** @returns the verdict and the words for it */
export function targetVerdict({ name }: Compat): { readonly text: string; readonly verdict: ForeignVerdict } {
  const verdict = Object.hasOwn(ENDING, name) ? ENDING[name] : undefined;
  if (verdict !== undefined) return { text: name.toLowerCase(), verdict };
  const text = WORDS[name] ?? `xt target ${name}`;
  return { text, verdict: PASSING.includes(name) ? { kind: "continue" } : { kind: "unknown", text } };
}

const WORDS: Readonly<Record<string, string>> = {
  MASQUERADE: "masquerade",
  DNAT: "dnat",
  SNAT: "snat",
  REDIRECT: "redirect",
  LOG: "log",
  MARK: "meta mark set",
};
