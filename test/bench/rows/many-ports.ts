/** One container with very many published ports. */
import { chainMs } from "../call.ts";
import { natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import { fewer } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const full = 1000;
const quick = 100;

const rows: readonly [add: Row, del: Row] = [
  {
    name: "ports-1000",
    title: `ADD with ${full} published ports`,
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.01 },
  },
  { name: "ports-1000-del", title: `DEL with ${full} published ports`, unit: "ms" },
];

export const manyPorts: Family = { name: "many-ports", rows, measure };

type Sample = readonly [addMs: number, delMs: number];

/** The reference takes a minute a round, so it has one round, between those of ours. */
async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const count = bench.quick ? quick : full;
  const compartments = new Map<Side, string>();
  for (const side of pair.sides) {
    await side.resident(natNetwork(side, true), "resident", publishedPorts(20_000, 1));
    compartments.set(side, (await side.host.compartment()).path);
  }
  const round = (side: Side) => oneRound(side, compartments.get(side) ?? "", count);
  const rounds = 2 * fewer(bench.rounds, 4);
  const ours: Sample[] = [];
  const reference: Sample[] = [];
  await round(pair.ours);
  for (let at = 0; at < rounds; at++) {
    if (at === rounds / 2) reference.push(await round(pair.reference));
    ours.push(await round(pair.ours));
  }
  return rows.map((row, at) => ({
    row,
    ours: ours.map((sample) => sample[at] ?? Number.NaN),
    reference: reference.map((sample) => sample[at] ?? Number.NaN),
    ...(bench.quick && { notJudged: `--quick: ${count} ports instead of ${full}; nothing is extrapolated` }),
  }));
}

async function oneRound(side: Side, netns: string, count: number): Promise<Sample> {
  const attachments = [{ id: "c", netns, runtimeConfig: publishedPorts(30_000, count) }];
  const call = { network: natNetwork(side, true), attachments };
  const add = chainMs(await side.call({ ...call, verb: "ADD" }));
  const del = chainMs(await side.call({ ...call, verb: "DEL" }));
  return [add, del];
}
