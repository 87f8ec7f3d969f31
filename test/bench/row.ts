/** The rows of the table, before and after they are measured. */
import type { HostOptions } from "../system/host.ts";
import type { Pair } from "./pair.ts";

export type Unit = "ms" | "µs" | "MiB" | "Gbit/s" | "Mpps" | "1000/s";

/** What is to be reached; ratios are ours / reference. */
export type Goal =
  | { readonly kind: "ratio-at-most"; readonly value: number }
  | { readonly kind: "ratio-at-least"; readonly value: number }
  | { readonly kind: "at-most"; readonly value: number };

export interface Row {
  /** As `--only` takes it. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** Rows without are there to explain others. */
  readonly goal?: Goal;
}

/** One number per round and side. */
export interface Measured {
  readonly row: Row;
  readonly ours: readonly number[];
  readonly reference: readonly number[];
  readonly notes?: readonly string[];
  /** Why the goal does not apply to what was measured here. */
  readonly notJudged?: string;
}

/** Rows that are measured together. */
export interface Family {
  readonly name: string;
  readonly rows: readonly Row[];
  measure(bench: Bench): Promise<readonly Measured[]>;
}

/** What a family has at hand. */
export interface Bench {
  /** Of a row that takes a quarter of a second a round; longer ones take fewer (rounds.ts). */
  readonly rounds: number;
  readonly quick: boolean;
  /** Containers with a published port that a host of the rows for one attachment has already. */
  readonly residents: number;
  /** A pair of fresh hosts, ours and the reference's. */
  createPair(lan?: HostOptions["lan"]): Promise<Pair>;
}
