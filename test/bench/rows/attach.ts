/** One container at a time on a host that has others already (`--residents`): ADD and DEL, with and without a published port. */
import { type CallRequest, chainMs } from "../call.ts";
import { natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";
import { oneByOne } from "./one-by-one.ts";

const rows = {
  addPort: {
    name: "add-port",
    title: "ADD with 1 published port",
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.2 },
  },
  delPort: {
    name: "del-port",
    title: "DEL with 1 published port",
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.25 },
  },
  add: {
    name: "add",
    title: "ADD without ports",
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.45 },
  },
  del: { name: "del", title: "DEL without ports", unit: "ms" },
} as const satisfies Readonly<Record<string, Row>>;

export const attach: Family = { name: "attach", rows: Object.values(rows), measure };

type Name = keyof typeof rows;

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  for (const side of pair.sides) {
    for (let at = 0; at < bench.residents; at++) {
      await side.resident(natNetwork(side, true), `resident${at}`, publishedPorts(20_000 + at, 1));
    }
  }
  return await oneByOne(pair, bench.rounds, rows, oneRound);
}

async function oneRound(side: Side, id: string, netns: string): Promise<Readonly<Record<Name, number>>> {
  const call = async (verb: CallRequest["verb"], published: boolean) => {
    const runtimeConfig = published ? publishedPorts(30_000, 1) : {};
    const network = natNetwork(side, published);
    return chainMs(await side.call({ verb, network, attachments: [{ id, netns, runtimeConfig }] }));
  };
  const addPort = await call("ADD", true);
  const delPort = await call("DEL", true);
  const add = await call("ADD", false);
  const del = await call("DEL", false);
  return { addPort, delPort, add, del };
}
