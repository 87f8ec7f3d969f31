/** One container at a time on the LAN: `transparent` with our ipam beside the reference `macvlan` with host-local. */
import { type CallRequest, chainMs, type JsonObject } from "../call.ts";
import { lanNetwork } from "../networks.ts";
import type { Side } from "../pair.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";
import { oneByOne } from "./one-by-one.ts";

const goal = { kind: "ratio-at-most", value: 0.7 } as const;

const rows = {
  /** As it is by default: the wire is asked for the address first, which the reference never does. */
  add: { name: "lan-add", title: "ADD on the LAN, asks the wire", unit: "ms", goal },
  addQuiet: { name: "lan-add-quiet", title: "ADD on the LAN, asks nobody", unit: "ms", goal },
  del: { name: "lan-del", title: "DEL on the LAN", unit: "ms", goal },
} as const satisfies Readonly<Record<string, Row>>;

export const lan: Family = { name: "lan", rows: Object.values(rows), measure };

type Name = keyof typeof rows;

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  return await oneByOne(pair, bench.rounds, rows, oneRound);
}

async function oneRound(side: Side, id: string, netns: string): Promise<Readonly<Record<Name, number>>> {
  const call = async (verb: CallRequest["verb"], settings: JsonObject = {}) =>
    chainMs(await side.call({ verb, network: lanNetwork(side, settings), attachments: [{ id, netns }] }));
  const add = await call("ADD");
  const del = await call("DEL");
  const addQuiet = await call("ADD", { dad: false });
  await call("DEL");
  return { add, addQuiet, del };
}
