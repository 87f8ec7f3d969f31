/** Act four: two hosts, one network. The directory that tells them of each other goes away, and they talk on. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Prefix } from "../../../lib/addr/prefix.ts";
import { decodeRoute } from "../../../lib/netlink/route/decode-route.ts";
import { dumpRoutes } from "../../../lib/netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../../lib/netlink/route/rtmsg.ts";
import { claimAdd, claimCall, claimGone } from "../claims/call.ts";
import { claimNothingLeft } from "../claims/ending.ts";
import { claimAnswers } from "../claims/packets.ts";
import { type Inventory, takeInventory } from "../inventory.ts";
import { formatJson } from "../json.ts";
import { type Container, createRuntime, type NetworkConfig, type Outcome, type Runtime } from "../runtime.ts";
import type { Act, Stage } from "../story.ts";
import { serve } from "../talk.ts";
import type { Machine } from "../world.ts";

/** What this act has beside the executables. */
export const hostsPrograms: readonly string[] = ["etcd"];

const clientPort = 2379;
const port = 80;
const limitMs = 10_000;

/** One of the two hosts, with what runs on it. */
interface Host {
  readonly machine: Machine;
  readonly dataDir: string;
  readonly runtime: Runtime;
  readonly before: Inventory;
  agent?: Bun.Subprocess;
}

interface Scene extends Stage {
  readonly first: Host;
  readonly second: Host;
  readonly left: Container;
  readonly right: Container;
  readonly late: Container;
}

export const hostsAct: Act = {
  compartments: ["left", "right", "late"],
  async play(stage) {
    const { world, report } = stage;
    const endpoint = `http://${world.uplink[4].host}:${clientPort}`;
    const network = networkAt(endpoint);
    report.scene(
      "Two hosts, one network",
      "beyond is the second host now; etcd, on the first, is the directory",
    );
    report.block(formatJson(network));
    const etcd = await startEtcd(world.host, endpoint);
    const container = (name: string): Container => ({ id: `${name}-1`, machine: world.compartment(name) });
    const scene: Scene = {
      ...stage,
      first: hostOf(stage, network, world.host, "/run/vswitch/first"),
      second: hostOf(stage, network, world.beyond, "/run/vswitch/second"),
      left: container("left"),
      right: container("right"),
      late: container("late"),
    };
    const running = [etcd];
    try {
      for (const host of [scene.first, scene.second]) {
        host.agent = startAgent(stage, host);
        running.push(host.agent);
      }
      const addresses = await attach(scene);
      await meet(scene, addresses);
      etcd.kill("SIGKILL");
      await etcd.exited;
      await without(scene, addresses);
    } finally {
      for (const one of running) one.kill();
      for (const one of running) await one.exited;
    }
    await detach(scene);
  },
};

function networkAt(endpoint: string): NetworkConfig {
  const directory = { type: "etcd", endpoints: [endpoint] };
  const plugin = { type: "overlay", vni: 4097, cidrs: ["10.40.0.0/16"], uplink: "eth0", directory };
  return { cniVersion: "1.1.0", name: "blue", plugins: [plugin] };
}

function hostOf({ bin }: Stage, network: NetworkConfig, machine: Machine, dataDir: string): Host {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const runtime = createRuntime({ network, bin, dataDir, on: machine });
  return { machine, dataDir, runtime, before: machine.inside(() => takeInventory(machine, dataDir)) };
}

async function startEtcd(machine: Machine, endpoint: string): Promise<Bun.Subprocess> {
  const folder = "/run/etcd";
  const words = ["--data-dir", folder, "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint];
  const peers = ["--listen-peer-urls", "http://127.0.0.1:0", "--log-level", "error"];
  const options = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
  const etcd = machine.inside(() => Bun.spawn(["etcd", ...words, ...peers], options));
  await until("etcd to be there", async () => {
    const health = await fetch(`${endpoint}/health`).catch(() => undefined);
    return health?.ok === true;
  });
  return etcd;
}

/** What `systemctl enable --now vswitch-agent` would start. */
function startAgent({ bin }: Stage, { machine, dataDir }: Host): Bun.Subprocess {
  const options = { stdin: "ignore", stdout: "ignore", stderr: "inherit" } as const;
  return machine.inside(() =>
    Bun.spawn([join(bin, "vswitch"), "agent", "--data-dir", dataDir], { ...options, env: {} }),
  );
}

interface Addresses {
  readonly left: string;
  readonly right: string;
}

async function attach({ report, first, second, left, right }: Scene): Promise<Addresses> {
  report.scene("A container on each", "each host claims a block of addresses, and gives out of it");
  const [a, b] = [first.runtime.add(left), second.runtime.add(right)];
  claimAdd(report, left.machine, a, "on the first host");
  claimAdd(report, right.machine, b, "on the second host");
  for (const [host, other] of [
    [first, b],
    [second, a],
  ] as const)
    await until("the hosts to know of each other", async () => reaches(host, addressOf(other)));
  return { left: addressOf(a), right: addressOf(b) };
}

const addressOf = ({ result }: Outcome): string => result?.ips[0]?.address.replace(/\/.*/, "") ?? "";

/** Whether the host has a route of ours to the block of an address. */
function reaches({ machine }: Host, address: string): boolean {
  const network = address.split(".").slice(0, 3).join(".");
  const routes = machine.netlink.request(dumpRoutes({ protocol: RTPROT_VSWITCH })).map(decodeRoute);
  const isThere = (dst: Prefix): boolean => dst.startsWith(`${network}.`);
  return routes.some(({ type, dst }) => type === "unicast" && isThere(dst));
}

async function meet({ report, left, right }: Scene, addresses: Addresses): Promise<void> {
  report.scene("Packets", "in VXLAN between the hosts; every server tells whom it sees");
  for (const { machine } of [left, right])
    await serve(machine, { protocol: "tcp", address: "0.0.0.0", port });
  await talk({ report, left, right }, addresses);
}

async function talk(
  { report, left, right }: Pick<Scene, "report" | "left" | "right">,
  addresses: Addresses,
): Promise<void> {
  const there = { protocol: "tcp", port } as const;
  await claimAnswers(report, {
    ...there,
    subject: "left -> right",
    from: left.machine,
    to: "right",
    at: [{ address: addresses.right, sees: addresses.left }],
  });
  await claimAnswers(report, {
    ...there,
    subject: "right -> left",
    from: right.machine,
    to: "left",
    at: [{ address: addresses.left, sees: addresses.right }],
  });
}

/** Nothing that is there depends on the directory; what it takes for more is on each host already. */
async function without(scene: Scene, addresses: Addresses): Promise<void> {
  const { report, first, late, right, bin } = scene;
  report.scene("The directory is gone", "etcd was killed");
  await talk(scene, addresses);
  const added = first.runtime.add(late);
  claimAdd(report, late.machine, added, "out of the block that the host has");
  await claimAnswers(report, {
    protocol: "tcp",
    port,
    subject: "late -> right",
    from: late.machine,
    to: "right",
    at: [{ address: addresses.right, sees: addressOf(added) }],
  });
  const tell = () =>
    first.machine.inside(() =>
      spawnSync(join(bin, "vswitch"), ["status", "--data-dir", first.dataDir], { encoding: "utf8", env: {} }),
    );
  await until(
    "vswitch status to tell of it",
    async () => /etcd|directory/i.test(tell().stdout) && tell().status !== 0,
  );
  report.block(tell().stdout);
  claimGone(
    report,
    ["DEL late", "nothing of it waits for the directory"],
    first.runtime.del(late),
    late.machine,
  );
  claimGone(report, ["DEL right", "on the second host"], scene.second.runtime.del(right), right.machine);
}

async function detach({ report, first, second, left }: Scene): Promise<void> {
  report.scene("Nothing is left", "on either host");
  claimGone(report, ["DEL left", "on the first host"], first.runtime.del(left), left.machine);
  for (const { machine, dataDir, runtime, before } of [first, second]) {
    const gone = {
      expected: "success",
      seen: "success",
      shown: `bridge and tunnel are gone from ${machine.name}`,
    };
    claimCall(report, "GC", runtime.gc([]), gone);
    const after = machine.inside(() => takeInventory(machine, dataDir));
    claimNothingLeft(report, [before, after], /^[-+] net\.ipv[46]\./);
  }
}

/** @throws {Error} when it does not come about */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1000} s for ${what}`);
    // Programs that tell nobody when they are ready: they are looked at.
    await Bun.sleep(20);
  }
}
