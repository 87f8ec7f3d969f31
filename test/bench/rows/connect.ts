/** How long it takes to open a TCP connection through a published port, among many other ports and alone. */
import { uplink } from "../../system/host.ts";
import { natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import { interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";
import { openSockets, type Sockets, socketAddress } from "../sockets.ts";
import { median, quantile } from "../statistics.ts";
import { within } from "./within.ts";

const others = 10_000;
const connectionsPerRound = 200;
/** Published one to one as `publishedPorts` does: 8000 of the container. */
const hostPort = 15_000;
const containerPort = 8000;

const row: Row = {
  name: "connect",
  title: "TCP connect, 10 000 other ports / none",
  unit: "µs",
  goal: { kind: "ratio-at-most", value: 1.1 },
};

export const connect: Family = { name: "connect", rows: [row], measure };

/** Opens connections; the client is outside, the server in the container. */
interface Line {
  /** @returns microseconds of each */
  open(count: number): readonly number[];
  close(): void;
}

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const many = pair.ours;
  const none = await pair.another();
  await publishOthers(many);
  const lines: Line[] = [];
  try {
    for (const side of [many, none, pair.reference]) lines.push(await createLine(side));
    const [manyLine, noneLine, referenceLine] = lines;
    if (!manyLine || !noneLine || !referenceLine) throw new Error("a line is missing");
    const turn = async (line: Line) => line.open(connectionsPerRound);
    const [ours, alone] = await interleave([manyLine, noneLine], bench.rounds, turn);
    const reference = Array.from({ length: bench.rounds }, () => referenceLine.open(connectionsPerRound));
    return [measured(ours, alone, reference)];
  } finally {
    for (const line of lines) line.close();
  }
}

type Rounds = readonly (readonly number[])[];

function measured(many: Rounds, none: Rounds, reference: Rounds): Measured {
  const p90 = (rounds: Rounds) => quantile(rounds.flat(), 0.9).toFixed(1);
  const bridge = median(reference.map(median)).toFixed(1);
  return {
    row,
    ours: many.map(median),
    reference: none.map(median),
    notes: [
      `both columns are ours: with ${others} other ports, and with none; ${connectionsPerRound} connections a round`,
      `p90 ${p90(many)} µs / ${p90(none)} µs; the reference with no other port: median ${bridge} µs, p90 ${p90(reference)} µs`,
    ],
  };
}

async function publishOthers(side: Side): Promise<void> {
  const perContainer = 1000;
  for (let at = 0; at < others / perContainer; at++) {
    const ports = publishedPorts(20_000 + at * perContainer, perContainer);
    await side.resident(natNetwork(side, true), `other${at}`, ports);
  }
}

async function createLine(side: Side): Promise<Line> {
  const { netns } = await side.resident(natNetwork(side, true), "server", publishedPorts(hostPort, 1));
  const sockets = openSockets();
  const listener = within(netns, () => sockets.listen(containerPort));
  const target = socketAddress(uplink.host4, hostPort);
  return {
    open: (count) =>
      within(side.host.outside.path, () =>
        Array.from({ length: count }, () => openOne(sockets, listener, target)),
      ),
    close: () => sockets.close(listener),
  };
}

function openOne(sockets: Sockets, listener: number, target: Uint8Array): number {
  const client = sockets.create();
  try {
    const elapsed = sockets.connect(client, target);
    sockets.close(sockets.accept(listener));
    return elapsed;
  } finally {
    sockets.close(client);
  }
}
