/** A network across hosts beside one of a single host, and its packets beside those of a tunnel made by hand. */
import { startEtcd, whyNoEtcd } from "../../system/etcd-lab.ts";
import { createLan, type Host, ipBatch } from "../../system/host.ts";
import type { Namespace } from "../../system/namespaces.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "../../system/overlay-lab.ts";
import { type CallRequest, chainMs, type JsonObject, type Network } from "../call.ts";
import { natNetwork, overlayNetwork } from "../networks.ts";
import { fewer, interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const goal = { kind: "ratio-at-most", value: 1.2 } as const;

const rows = {
  add: { name: "overlay-add", title: "ADD, overlay with peers in the file / nat", unit: "ms", goal },
  del: { name: "overlay-del", title: "DEL, overlay / nat", unit: "ms", goal },
  addEtcd: {
    name: "overlay-add-etcd",
    title: "ADD, overlay with a directory in etcd / nat",
    unit: "ms",
    goal,
  },
  delEtcd: { name: "overlay-del-etcd", title: "DEL, the same / nat", unit: "ms", goal },
  throughput: {
    name: "overlay-tcp",
    title: "TCP, container to container of another host / VXLAN by hand",
    unit: "Gbit/s",
    goal: { kind: "ratio-at-least", value: 0.98 },
  },
} as const satisfies Readonly<Record<string, Row>>;

export const overlay: Family = { name: "overlay", rows: Object.values(rows), measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  const inFile = await attach(bench, {}, rows.add, rows.del);
  return [...inFile, ...(await attachByEtcd(bench)), await measureThroughput(bench)];
}

/** The block of addresses is there: no call asks etcd anything. */
async function attachByEtcd(bench: Bench): Promise<readonly Measured[]> {
  if (whyNoEtcd() !== undefined) return [];
  await using lan = await createLan();
  await using etcd = await startEtcd({ at: lan.ns, address: "192.0.2.254" });
  const settings = { cidrs: ["10.74.0.0/16"], directory: { type: "etcd", endpoints: etcd.endpoints } };
  return await attach(bench, settings, rows.addEtcd, rows.delEtcd, lan);
}

async function attach(
  bench: Bench,
  settings: JsonObject,
  addRow: Row,
  delRow: Row,
  lan?: Host,
): Promise<readonly Measured[]> {
  await using pair = await bench.createPair(lan && { ns: lan.ns, number: 1 });
  const side = pair.ours;
  const networks = [overlayNetwork(side, settings), natNetwork(side, false)] as const;
  for (const network of networks)
    await side.resident(network, `resident of ${network.name}`.replaceAll(" ", "-"));
  const netns = (await side.host.compartment()).path;
  const once = async (network: Network, round: number) => {
    const call = async (verb: CallRequest["verb"]) =>
      chainMs(await side.call({ verb, network, attachments: [{ id: `o${round}`, netns }] }));
    return { add: await call("ADD"), del: await call("DEL") };
  };
  const [ours, reference] = await interleave(networks, bench.rounds, once);
  const of = (what: "add" | "del") => ({
    ours: ours.map((sample) => sample[what]),
    reference: reference.map((sample) => sample[what]),
  });
  return [
    { row: addRow, ...of("add") },
    { row: delRow, ...of("del") },
  ];
}

const seconds = 1;

/** From the first of two containers to the address of the second. */
interface Way {
  readonly from: Namespace;
  readonly to: string;
}

async function measureThroughput(bench: Bench): Promise<Measured> {
  await using lab = await createOverlayLab();
  const ways = [await oursOf(lab), await byHand(lab)] as const;
  const [ours, reference] = await interleave(ways, fewer(bench.rounds, 2), (way) => send(lab, way));
  return { row: rows.throughput, ours, reference, notes: [`iperf3, one stream of ${seconds} s a round`] };
}

async function oursOf(lab: OverlayLab): Promise<Way> {
  const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
  const [from, to] = [await first.add(), await second.add()];
  await listen(lab, to.ns);
  return { from: from.ns, to: to.ip4 };
}

/** As flannel has it: a bridge, a tunnel beside it, and a route to the other host's subnet. */
async function byHand(lab: OverlayLab): Promise<Way> {
  const hosts = lab.hosts as [OverlayHost, OverlayHost];
  const ends = hosts.map(({ number }) => ({
    mac: `02:00:00:00:00:0${number}`,
    vtep: `192.0.2.${number}`,
    net: `10.75.${number}`,
  }));
  const containers: Namespace[] = [];
  for (const [at, { host }] of hosts.entries()) {
    const [own, other] = at === 0 ? ends : ends.toReversed();
    if (own === undefined || other === undefined) throw new Error("two hosts are needed");
    const container = await host.compartment("hand");
    containers.push(container);
    await ipBatch(host.ns, [
      "link add hand0 mtu 1450 type bridge",
      "link set hand0 up",
      `address add ${own.net}.1/24 dev hand0`,
      `link add hand1 mtu 1450 type veth peer name eth0 mtu 1450 netns ${container.name}`,
      "link set hand1 master hand0 up",
      `link add hand2 address ${own.mac} mtu 1450 type vxlan id 77 local ${own.vtep} dstport 4790 nolearning`,
      "link set hand2 up",
      `neigh add ${other.net}.0 lladdr ${other.mac} dev hand2 nud permanent`,
      `route add ${other.net}.0/24 via ${other.net}.0 dev hand2 onlink`,
    ]);
    await host.exec(host.ns, "bridge", "fdb", "add", other.mac, "dev", "hand2", "dst", other.vtep, "self");
    await ipBatch(container, [
      "link set eth0 up",
      `address add ${own.net}.2/24 dev eth0`,
      `route add default via ${own.net}.1`,
    ]);
  }
  const [from, to] = containers as [Namespace, Namespace];
  await listen(lab, to);
  return { from, to: "10.75.2.2" };
}

async function listen({ lan }: OverlayLab, ns: Namespace): Promise<void> {
  const server = lan.start(ns, ["iperf3", "--server", "--forceflush"]);
  await server.line((line) => line.startsWith("Server listening"), "iperf3 server");
}

/** @returns what arrived, in Gbit/s */
async function send({ lan }: OverlayLab, { from, to }: Way): Promise<number> {
  const report = await lan.exec(from, "iperf3", "--client", to, "--time", `${seconds}`, "--json");
  return JSON.parse(report).end.sum_received.bits_per_second / 1e9;
}
