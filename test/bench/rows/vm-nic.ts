/**
 * The synthetic NIC of a virtual machine beside the vNIC of a process container: attaching, and TCP of a real guest.
 *
 * Both columns are ours.
 */
import type { Namespace } from "../../system/namespaces.ts";
import { bootGuest, configureGuest } from "../../vm/guest.ts";
import { guestNics } from "../../vm/guest-lab.ts";
import { whyNoVm } from "../../vm/requirements.ts";
import type { Vm } from "../../vm/vm.ts";
import { type CallRequest, chainMs, type JsonObject } from "../call.ts";
import { natNetwork, publishedPorts } from "../networks.ts";
import type { Side } from "../pair.ts";
import { fewer, interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const goal = { kind: "ratio-at-most", value: 1.3 } as const;

const rows = {
  add: { name: "vm-nic-add", title: "ADD, vmNic / hostVnic", unit: "ms", goal },
  del: { name: "vm-nic-del", title: "DEL, vmNic / hostVnic", unit: "ms", goal },
  addPort: { name: "vm-nic-add-switch", title: "ADD, tap on the switch / hostVnic", unit: "ms", goal },
  delPort: { name: "vm-nic-del-switch", title: "DEL, tap on the switch / hostVnic", unit: "ms", goal },
  throughput: {
    name: "vm-nic-tcp",
    title: "TCP, guest to host: in the compartment / on the switch",
    unit: "Gbit/s",
  },
} as const satisfies Readonly<Record<string, Row>>;

export const vmNic: Family = { name: "vm-nic", rows: Object.values(rows), measure };

const inCompartment: JsonObject = { vnic: "vmNic" };
const onSwitch: JsonObject = { vnic: "vmNic", vmNicAttach: "switch" };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const side = pair.ours;
  await side.resident(natNetwork(side, true), "resident", publishedPorts(20_000, 1));
  const joined = await attach(bench, side, inCompartment);
  const port = await attach(bench, side, onSwitch);
  const why = whyNoVm(["iperf3"]);
  return [
    { row: rows.add, ...joined.add },
    { row: rows.del, ...joined.del },
    { row: rows.addPort, ...port.add },
    { row: rows.delPort, ...port.del },
    ...(why === undefined ? [await measureThroughput(bench, side)] : []),
  ];
}

/** One published port, as of the resident. */
async function attach(bench: Bench, side: Side, config: JsonObject) {
  const netns = (await side.host.compartment()).path;
  const once = async (settings: JsonObject, round: number) => {
    const call = async (verb: CallRequest["verb"]) => {
      const attachments = [{ id: `v${round}`, netns, runtimeConfig: publishedPorts(30_000, 1) }];
      return chainMs(await side.call({ verb, network: natNetwork(side, true, settings), attachments }));
    };
    return { add: await call("ADD"), del: await call("DEL") };
  };
  const [ours, reference] = await interleave([config, {}], bench.rounds, once);
  const of = (what: "add" | "del") => ({
    ours: ours.map((sample) => sample[what]),
    reference: reference.map((sample) => sample[what]),
  });
  return { add: of("add"), del: of("del") };
}

const seconds = 1;

/** The guest's processor is emulated, so that its own share of the work is large. */
async function measureThroughput(bench: Bench, side: Side): Promise<Measured> {
  const server = side.host.start(side.host.ns, ["iperf3", "--server", "--forceflush"]);
  await server.line((line) => line.startsWith("Server listening"), "iperf3 server");
  const guests: Guest[] = [];
  try {
    for (const config of [inCompartment, onSwitch])
      guests.push(await startGuest(side, config, guests.length));
    const [first, second] = guests as [Guest, Guest];
    const [ours, reference] = await interleave([first, second], fewer(bench.rounds, 2), send);
    const notes = [`iperf3, one stream of ${seconds} s a round, from a guest without hardware acceleration`];
    return { row: rows.throughput, ours, reference, notes };
  } finally {
    for (const { vm } of guests) await vm.close();
  }
}

interface Guest {
  readonly vm: Vm;
  readonly gateway: string;
}

async function startGuest(side: Side, config: JsonObject, at: number): Promise<Guest> {
  const id = `guest${at}`;
  const ns: Namespace = await side.host.compartment("g");
  const network = natNetwork(side, false, config);
  await side.call({ verb: "ADD", network, attachments: [{ id, netns: ns.path }] });
  const nics = await guestNics({ host: side.host, dataDir: side.stateDir }, id);
  const vm = await bootGuest(config === onSwitch ? side.host.ns : ns, nics, ["iperf3"]);
  await configureGuest(vm, nics);
  return { vm, gateway: nics[0]?.routes.find(({ gateway }) => gateway !== undefined)?.gateway ?? "" };
}

/** @returns what arrived, in Gbit/s */
async function send({ vm, gateway }: Guest): Promise<number> {
  const report = await vm.exec(["iperf3", "--client", gateway, "--time", `${seconds}`, "--json"]);
  return JSON.parse(report).end.sum_received.bits_per_second / 1e9;
}
