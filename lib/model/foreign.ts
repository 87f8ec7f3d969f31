/**
 * Rules of other programs on the host (Docker, firewalld, ufw, kube-proxy): read, never changed.
 *
 * They are conditions that the model can judge; what it does not understand stays as its text, and makes the answer
 * "perhaps".
 */
import type { Prefix } from "../addr/prefix.ts";

export type ForeignHook = "prerouting" | "input" | "forward" | "output" | "postrouting";

export type ForeignCondition = {
  readonly negated?: true;
} /** A name that ends in `*` stands for all that begin so. */ & (
  | { readonly kind: "in" | "out"; readonly interface: string }
  | { readonly kind: "source" | "destination"; readonly prefixes: readonly Prefix[] }
  | { readonly kind: "protocol"; readonly protocols: readonly number[] }
  | {
      readonly kind: "sourcePort" | "destinationPort";
      readonly ranges: readonly { readonly first: number; readonly last: number }[];
    }
  /** Of connection tracking. */
  | {
      readonly kind: "state";
      readonly states: readonly ("new" | "established" | "related" | "invalid" | "untracked")[];
    }
  | { readonly kind: "icmpType"; readonly types: readonly number[] }
  /** TCP: SYN without ACK. */
  | { readonly kind: "opens" }
  /** The connection goes to a published port. */
  | { readonly kind: "dnat" }
  | { readonly kind: "family"; readonly family: 4 | 6 }
  | { readonly kind: "unknown"; readonly text: string }
);

export type ForeignVerdict =
  | { readonly kind: "accept" | "drop" | "return" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  /** Counts, marks, translates addresses: the packet goes on. */
  | { readonly kind: "continue" }
  | { readonly kind: "unknown"; readonly text: string };

export interface ForeignRule {
  /** As `nft list ruleset` prints it, as far as it is understood. */
  readonly text: string;
  readonly conditions: readonly ForeignCondition[];
  readonly verdict: ForeignVerdict;
}

export interface ForeignChain {
  /** `ip filter`: family and table. */
  readonly table: string;
  readonly chain: string;
  /** Absent: a chain that rules jump to. */
  readonly base?: {
    readonly type: string;
    readonly hook: ForeignHook;
    readonly priority: number;
    readonly policy: "accept" | "drop";
  };
  readonly rules: readonly ForeignRule[];
}
