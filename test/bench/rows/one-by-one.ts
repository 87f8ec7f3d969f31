/** Families that attach one container at a time. */
import type { Pair, Side } from "../pair.ts";
import { interleave } from "../rounds.ts";
import type { Measured, Row } from "../row.ts";

/** @param once a round in the one compartment of a host, with a container ID of its own: one number per row */
export async function oneByOne<Name extends string>(
  { sides }: Pair,
  rounds: number,
  rows: Readonly<Record<Name, Row>>,
  once: (side: Side, id: string, netns: string) => Promise<Readonly<Record<Name, number>>>,
): Promise<readonly Measured[]> {
  const compartments = new Map<Side, string>();
  for (const side of sides) compartments.set(side, (await side.host.compartment()).path);
  const [ours, reference] = await interleave(sides, rounds, (side, round) =>
    once(side, `c${round}`, compartments.get(side) ?? ""),
  );
  return (Object.keys(rows) as Name[]).map((name) => ({
    row: rows[name],
    ours: ours.map((sample) => sample[name]),
    reference: reference.map((sample) => sample[name]),
  }));
}
