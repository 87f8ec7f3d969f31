/** One container at a time on the LAN: `transparent` with our ipam beside the reference `macvlan` with host-local. */
import { type CallRequest, chainMs, type JsonObject } from "../call.ts";
import { buildFloorProgram, programNetwork } from "../floor.ts";
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
  /** What no plugin on this runtime can be below, whatever it leaves out (floor-macvlan.ts). */
  floorAdd: { name: "lan-floor-add", title: "floor of ADD: the kernel's part alone", unit: "ms" },
  floorDel: { name: "lan-floor-del", title: "floor of DEL: the kernel's part alone", unit: "ms" },
  floorStart: { name: "lan-floor-start", title: "floor of both: an empty program / ADD", unit: "ms" },
} as const satisfies Readonly<Record<string, Row>>;

export const lan: Family = { name: "lan", rows: Object.values(rows), measure };

type Name = keyof typeof rows;
type Sample = Readonly<Record<Name, number>>;

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const { ours } = pair;
  const empty = await buildFloorProgram("empty", ours.host.dir);
  const floor = await buildFloorProgram("floor-macvlan", ours.host.dir);
  return await oneByOne(pair, bench.rounds, rows, async (side, id, netns): Promise<Sample> => {
    const plugins = await attachments(side, id, netns);
    const { add, del } = plugins;
    // Beside the floor, in the same rounds, stands what the reference takes.
    if (side !== ours) return { ...plugins, floorAdd: add, floorDel: del, floorStart: add };
    const floorStart = await programMs(side, netns, [empty]);
    const floorAdd = await programMs(side, netns, [floor, "ADD", netns]);
    const floorDel = await programMs(side, netns, [floor, "DEL", netns]);
    return { ...plugins, floorAdd, floorDel, floorStart };
  });
}

async function attachments(
  side: Side,
  id: string,
  netns: string,
): Promise<Pick<Sample, "add" | "addQuiet" | "del">> {
  const call = async (verb: CallRequest["verb"], settings: JsonObject = {}) =>
    chainMs(await side.call({ verb, network: lanNetwork(side, settings), attachments: [{ id, netns }] }));
  const add = await call("ADD");
  const del = await call("DEL");
  const addQuiet = await call("ADD", { dad: false });
  await call("DEL");
  return { add, addQuiet, del };
}

async function programMs(side: Side, netns: string, command: readonly string[]): Promise<number> {
  const network = programNetwork(side, command);
  return chainMs(await side.call({ verb: "VERSION", network, attachments: [{ id: "floor", netns }] }));
}
