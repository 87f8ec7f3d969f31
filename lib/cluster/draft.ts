/** Parts of one transaction: what must hold, and what is written when all of it does. */
import type { Compare, Operation } from "../etcd/etcd.ts";

export interface Draft {
  readonly compares: readonly Compare[];
  readonly writes: readonly Operation[];
}

export const joined = (...drafts: readonly Draft[]): Draft => ({
  compares: drafts.flatMap(({ compares }) => compares),
  writes: drafts.flatMap(({ writes }) => writes),
});
