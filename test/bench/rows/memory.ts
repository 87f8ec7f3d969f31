/** Peak memory of one process. */
import { existsSync } from "node:fs";
import type { CallReply, Step } from "../call.ts";
import { natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import { fewer, interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const row: Row = {
  name: "memory",
  title: "peak memory of one ADD process",
  unit: "MiB",
  goal: { kind: "at-most", value: 48 },
};

export const memory: Family = { name: "memory", rows: [row], measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  if (!existsSync("/usr/bin/perl")) throw new Error("/usr/bin/perl is missing: it asks for the peak memory");
  await using pair = await bench.createPair();
  const compartments = new Map<Side, string>();
  for (const side of pair.sides) {
    await side.resident(natNetwork(side, true), "resident", publishedPorts(20_000, 1));
    compartments.set(side, (await side.host.compartment()).path);
  }
  const [ours, reference] = await interleave(pair.sides, fewer(bench.rounds, 4), async (side, round) => {
    const netns = compartments.get(side) ?? "";
    const attachments = [{ id: `c${round}`, netns, runtimeConfig: publishedPorts(30_000, 1) }];
    const call = { network: natNetwork(side, true), attachments };
    const added = await side.call({ ...call, verb: "ADD", memory: true });
    await side.call({ ...call, verb: "DEL" });
    return largest(added).maxRssKiB / 1024;
  });
  return [{ row, ours, reference, notes: ["reference: its largest process; the goal is absolute"] }];
}

function largest({ chains }: CallReply): Step {
  return chains.flat().reduce((most, step) => (step.maxRssKiB > most.maxRssKiB ? step : most));
}
