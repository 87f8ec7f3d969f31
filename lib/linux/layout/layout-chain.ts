/** A chain of the layout as data, and the words in which its rules are put together. */
import type { BaseHook } from "../../netlink/nft/chain.ts";
import type { NftFamily } from "../../netlink/nft/message.ts";
import type { Term } from "./term.ts";

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

export const rule = (...terms: readonly Term[]): LayoutRule => ({ terms });
export const because = (comment: string, ...terms: readonly Term[]): LayoutRule => ({ terms, comment });
