/**
 * One container at a time on a LAN whose server lends the addresses: `transparent` with our ipam and agent beside the
 * reference `macvlan` with `dhcp` and its daemon. Each host's LAN has a dnsmasq, started with the same words.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../../system/child.ts";
import { startDnsmasq } from "../../system/dhcp-lab.ts";
import { type CallRequest, chainMs, type JsonObject } from "../call.ts";
import { dhcpNetwork, dhcpSocket } from "../networks.ts";
import type { Side } from "../pair.ts";
import { interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";
import { type ServerClock, startServerClock } from "../server-clock.ts";
import { median } from "../statistics.ts";

const goal = { kind: "ratio-at-most", value: 0.7 } as const;

/**
 * What the server took to answer is taken off all of them. The reference also waits by itself: it starts
 * while the vNIC is down, its first question fails ("network is down", says its daemon), and it asks again 1 to 3 s later.
 * That is its own doing and in the rows with a goal; those without leave it out too.
 */
const rows = {
  /** As it is by default: the wire is asked for the address first, which the reference never does. */
  add: { name: "dhcp-add", title: "ADD by DHCP, asks the wire", unit: "ms", goal },
  addAwake: { name: "dhcp-add-awake", title: "... less the reference's retry", unit: "ms" },
  addQuiet: { name: "dhcp-add-quiet", title: "ADD by DHCP, asks nobody", unit: "ms", goal },
  addQuietAwake: { name: "dhcp-add-quiet-awake", title: "... less the reference's retry", unit: "ms" },
  del: { name: "dhcp-del", title: "DEL by DHCP", unit: "ms" },
} as const satisfies Readonly<Record<string, Row>>;

export const dhcp: Family = { name: "dhcp", rows: Object.values(rows), measure };

/** One call, in milliseconds. */
interface Timed {
  readonly all: number;
  /** Of them the server's. */
  readonly server: number;
  /** Of them what the daemon says it waits before it asks again. */
  readonly retry: number;
}

interface Stage {
  readonly netns: string;
  readonly server: ServerClock;
  /** The agent or the daemon. */
  readonly helper: Child;
}

type Calls = "add" | "addQuiet" | "del";

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const stages = new Map<Side, Stage>();
  for (const side of pair.sides) stages.set(side, await createStage(side));
  const [ours, reference] = await interleave(pair.sides, bench.rounds, async (side, round) => {
    const stage = stages.get(side);
    if (stage === undefined) throw new Error(`${side.name} has no stage`);
    return oneRound(side, `c${round}`, stage);
  });
  const measured = (row: Row, name: Calls, of: (one: Timed) => number): Measured => {
    const [a, b] = [ours, reference].map((samples) => samples.map((sample) => sample[name]));
    return {
      row,
      ours: (a ?? []).map(of),
      reference: (b ?? []).map(of),
      ...("goal" in row && { notes: [`ours ${partsOf(a ?? [])}; reference ${partsOf(b ?? [])}`] }),
    };
  };
  const net = ({ all, server }: Timed) => all - server;
  const awake = (one: Timed) => net(one) - one.retry;
  return [
    measured(rows.add, "add", net),
    measured(rows.addAwake, "add", awake),
    measured(rows.addQuiet, "addQuiet", net),
    measured(rows.addQuietAwake, "addQuiet", awake),
    measured(rows.del, "del", net),
  ];
}

function partsOf(timed: readonly Timed[]): string {
  const text = (part: keyof Timed) => median(timed.map((one) => one[part])).toFixed(1);
  return `${text("all")} ms in all, the server's ${text("server")}, before asking again ${text("retry")}`;
}

async function createStage(side: Side): Promise<Stage> {
  const { host } = side;
  await startDnsmasq(host, host.outside, "--dhcp-range=192.0.2.100,192.0.2.249,2m");
  const helper = await startHelper(side);
  return { helper, netns: (await host.compartment()).path, server: await startServerClock(host) };
}

async function startHelper(side: Side): Promise<Child> {
  const { host, stateDir, bin, name } = side;
  if (name === "ours") {
    const agent = host.start(host.ns, [join(bin, "vswitch"), "agent"], { VSWITCH_DATA_DIR: stateDir });
    await agent.line((line) => line.includes("watching"), "its start");
    return agent;
  }
  const socket = dhcpSocket(side);
  const daemon = host.start(host.ns, [join(bin, "dhcp"), "daemon", "-socketpath", socket]);
  // The reference's daemon prints nothing when it listens: its socket is all there is to see.
  for (let waits = 0; !existsSync(socket); waits++) {
    if (waits === 500) throw new Error(`no daemon at ${socket}: ${daemon.lines.join(" | ")}`);
    await Bun.sleep(10);
  }
  return daemon;
}

async function oneRound(
  side: Side,
  id: string,
  { netns, server, helper }: Stage,
): Promise<Readonly<Record<Calls, Timed>>> {
  const call = async (verb: CallRequest["verb"], settings: JsonObject = {}): Promise<Timed> => {
    const from = helper.lines.length;
    const request = { verb, network: dhcpNetwork(side, settings), attachments: [{ id, netns }] };
    const all = chainMs(await side.call(request));
    return {
      all,
      server: await server.lap(verb === "ADD" ? 2 : 0),
      retry: retryMs(helper.lines.slice(from)),
    };
  };
  const add = await call("ADD");
  const del = await call("DEL");
  const addQuiet = await call("ADD", { dad: false });
  await call("DEL");
  return { add, addQuiet, del };
}

function retryMs(lines: readonly string[]): number {
  return lines.reduce(
    (sum, line) => sum + 1000 * Number(/retrying in ([\d.]+) seconds/.exec(line)?.[1] ?? 0),
    0,
  );
}
