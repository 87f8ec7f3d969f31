/** Forty containers that start together, and end together. */
import type { Attachment } from "../call.ts";
import { natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import { fewer, interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const count = 40;

const rows: readonly [add: Row, del: Row] = [
  {
    name: "add-40",
    title: `${count} ADDs at once, 1 port each, wall`,
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.2 },
  },
  {
    name: "del-40",
    title: `${count} DELs at once, 1 port each, wall`,
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.3 },
  },
];

export const atOnce: Family = { name: "at-once", rows, measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const containers = new Map<Side, readonly Attachment[]>();
  for (const side of pair.sides) {
    await side.resident(natNetwork(side, true), "resident", publishedPorts(20_000, 1));
    containers.set(side, await createContainers(side));
  }
  const [ours, reference] = await interleave(pair.sides, fewer(bench.rounds, 4), async (side) => {
    const call = { network: natNetwork(side, true), attachments: containers.get(side) ?? [], atOnce: true };
    const add = await side.call({ ...call, verb: "ADD" });
    const del = await side.call({ ...call, verb: "DEL" });
    return [add.wallMs, del.wallMs] as const;
  });
  return rows.map((row, at) => ({
    row,
    ours: ours.map((sample) => sample[at] ?? Number.NaN),
    reference: reference.map((sample) => sample[at] ?? Number.NaN),
  }));
}

async function createContainers(side: Side): Promise<readonly Attachment[]> {
  const made: Attachment[] = [];
  for (let at = 0; at < count; at++) {
    const { path } = await side.host.compartment();
    made.push({ id: `c${at}`, netns: path, runtimeConfig: publishedPorts(30_000 + at, 1) });
  }
  return made;
}
