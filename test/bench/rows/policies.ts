/**
 * What policies cost: packets and new connections of a container with guard and ACLs, an ADD with all policies.
 *
 * Both columns are ours; the "reference" is a container whose port has no policy at all.
 */
import { uplink } from "../../system/host.ts";
import { type CallRequest, chainMs, type JsonObject } from "../call.ts";
import { acls, natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import { interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";
import { openSockets, type Sockets, socketAddress } from "../sockets.ts";
import { median } from "../statistics.ts";
import { within } from "./within.ts";

const few = 10;
const many = 10_000;
const rate = { kind: "ratio-at-least", value: 0.95 } as const;

const rows = {
  packets: { name: "packets", title: "packets, guard + 10 ACLs / none", unit: "Mpps", goal: rate },
  packetsMany: {
    name: "packets-many",
    title: "packets, guard + 10 000 ACLs / none",
    unit: "Mpps",
    goal: rate,
  },
  opens: { name: "opens", title: "connections, guard + 10 ACLs / none", unit: "1000/s", goal: rate },
  opensMany: {
    name: "opens-many",
    title: "connections, guard + 10 000 ACLs / none",
    unit: "1000/s",
    goal: rate,
  },
  add: {
    name: "add-policies",
    title: "ADD with all policies / bare ADD",
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 1.3 },
  },
} as const satisfies Readonly<Record<string, Row>>;

export const policies: Family = { name: "policies", rows: Object.values(rows), measure };

const none: JsonObject = { guard: false };
const guarded = (count: number): JsonObject => ({ policies: acls(count) });
const everything: JsonObject = {
  policies: [
    ...acls(few),
    { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 125_000_000 } },
    { Type: "OutBoundNAT", Settings: { Exceptions: ["198.18.0.0/15"], Destinations: ["0.0.0.0/0"] } },
    { Type: "InterfaceParameters", Settings: { Mtu: 1400 } },
  ],
  defaultAction: { In: "Allow" },
};

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const side = pair.ours;
  const sockets = openSockets();
  const lines: Line[] = [];
  try {
    const bare = await createLine(side, "bare", none, sockets, lines);
    const withFew = await createLine(side, "few", guarded(few), sockets, lines);
    const fewRows = await compare(bench, withFew, bare, rows.packets, rows.opens);
    const withMany = await createLine(side, "many", guarded(many), sockets, lines);
    const manyRows = await compare(bench, withMany, bare, rows.packetsMany, rows.opensMany);
    return [...fewRows, ...manyRows, await measureAdd(bench, side)];
  } finally {
    for (const line of lines) line.close();
  }
}

/** A container whose packets and connections are counted; what it talks to is the machine outside. */
interface Line {
  /** @returns millions of packets a second */
  packets(): number;
  /** Opens and closes. @returns thousands of connections a second */
  opens(): number;
  close(): void;
}

/** Of one turn. */
const floodCalls = 20;
const connectionsPerTurn = 20;
const port = 7000;

async function createLine(
  side: Side,
  id: string,
  config: JsonObject,
  sockets: Sockets,
  lines: Line[],
): Promise<Line> {
  const { netns } = await side.resident(natNetwork(side, false, config), id);
  const own = port + lines.length;
  const [sink, listener] = within(side.host.outside.path, () => [sockets.sink(own), sockets.listen(own)]);
  const target = socketAddress(uplink.outside4, own);
  const sender = within(netns, () => sockets.datagrams(target));
  const line = {
    packets: () => 1 / sockets.flood(sender, floodCalls),
    opens: () =>
      within(netns, () => {
        const started = performance.now();
        for (let at = 0; at < connectionsPerTurn; at++) {
          const client = sockets.create();
          sockets.connect(client, target);
          sockets.close(sockets.accept(listener ?? -1), client);
        }
        return connectionsPerTurn / (performance.now() - started);
      }),
    close: () => sockets.close(sender, sink ?? -1, listener ?? -1),
  };
  lines.push(line);
  return line;
}

/** Sides take turns many times within a round: what others do to the machine then meets both. */
async function compare(
  bench: Bench,
  line: Line,
  bare: Line,
  packetRow: Row,
  openRow: Row,
): Promise<readonly Measured[]> {
  const rounds = Array.from({ length: bench.rounds + 1 }, () => oneRound(line, bare)).slice(1);
  const notes = ["both columns are ours: with these policies, and with none"];
  const of = (side: "ours" | "reference", what: keyof Sample) => rounds.map((round) => round[side][what]);
  const measured = (row: Row, what: keyof Sample): Measured => ({
    row,
    ours: of("ours", what),
    reference: of("reference", what),
    notes,
  });
  return [measured(packetRow, "packets"), measured(openRow, "opens")];
}

interface Sample {
  readonly packets: number;
  readonly opens: number;
}

const turns = 20;

function oneRound(line: Line, bare: Line): { readonly ours: Sample; readonly reference: Sample } {
  const samples: [Sample[], Sample[]] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    for (const at of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const one = at === 0 ? line : bare;
      samples[at].push({ packets: one.packets(), opens: one.opens() });
    }
  }
  const middle = (list: readonly Sample[]): Sample => ({
    packets: median(list.map((sample) => sample.packets)),
    opens: median(list.map((sample) => sample.opens)),
  });
  return { ours: middle(samples[0]), reference: middle(samples[1]) };
}

async function measureAdd(bench: Bench, side: Side): Promise<Measured> {
  const netns = (await side.host.compartment()).path;
  const runtimeConfig = { ...publishedPorts(31_000, 1), bandwidth: { ingressRate: 1e9, ingressBurst: 1e6 } };
  const call = async (verb: CallRequest["verb"], id: string, policies?: JsonObject) => {
    const network = natNetwork(side, true, policies);
    const attachment = { id, netns, ...(policies === undefined ? {} : { runtimeConfig }) };
    return chainMs(await side.call({ verb, network, attachments: [attachment] }));
  };
  const once = async (config: JsonObject | undefined, round: number): Promise<number> => {
    const ms = await call("ADD", `a${round}`, config);
    await call("DEL", `a${round}`, config);
    return ms;
  };
  const [ours, reference] = await interleave([everything, undefined], bench.rounds, once);
  return {
    row: rows.add,
    ours,
    reference,
    notes: ["20 ACLs, QOS both ways, a published port, OutBoundNAT, MTU; the bare one has the guard alone"],
  };
}
