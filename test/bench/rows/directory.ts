/** An agent in a directory of many hosts: real etcd, one real host, and others that are nowhere else. */
import { readFileSync } from "node:fs";
import type { Child } from "../../system/child.ts";
import { createDirectoryLab, type DirectoryLab, etcdConfig } from "../../system/directory-lab.ts";
import { whyNoEtcd } from "../../system/etcd-lab.ts";
import type { OverlayHost } from "../../system/overlay-lab.ts";
import { bringIn, crowd, crowdCidr, puts, type SimulatedHost } from "../../system/simulated-host.ts";
import { fewer } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const rows = {
  cold: {
    name: "directory-cold",
    title: "cold resync of 5000 hosts, from the agent's first look to the last row",
    unit: "ms",
    goal: { kind: "at-most", value: 1000 },
  },
  change: {
    name: "directory-change",
    title: "one of 1000 hosts changes, from the write's answer to its rows / the write itself",
    unit: "ms",
    goal: { kind: "at-most", value: 10 },
  },
  memory: { name: "directory-memory", title: "the agent among 1000 hosts", unit: "MiB" },
  cpu: { name: "directory-cpu", title: "the agent's processor time until 1000 hosts are there", unit: "ms" },
} as const satisfies Readonly<Record<string, Row>>;

export const directory: Family = { name: "directory", rows: Object.values(rows), measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  const why = whyNoEtcd();
  if (why !== undefined) throw new Error(why);
  return [await cold(bench), ...(await among(bench))];
}

interface Scene extends AsyncDisposable {
  readonly lab: DirectoryLab;
  readonly host: OverlayHost;
  readonly hosts: readonly SimulatedHost[];
}

async function sceneOf(count: number): Promise<Scene> {
  const lab = await createDirectoryLab({
    hosts: 1,
    config: (number, endpoints) => ({
      ...etcdConfig(number, endpoints),
      ...{ cidrs: [crowdCidr, "fd00:40::/32"], subnets: ["10.64.0.0/24"] },
    }),
  });
  const [host] = lab.hosts;
  if (host === undefined) throw new Error("a lab without a host");
  const hosts = crowd(count);
  await bringIn(lab.client, hosts);
  await host.add();
  return { lab, host, hosts, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

const reached = (agent: Child, count: number): Promise<string> =>
  agent.line((line) => line.includes(`${count} other hosts; rows written`), "all hosts", 60_000);

/** Each round on a kernel that has no row of them. */
async function cold(bench: Bench): Promise<Measured> {
  const count = 5000;
  const ours: number[] = [];
  for (let round = 0; round < fewer(bench.rounds, 8); round++) {
    await using scene = await sceneOf(count);
    await using agent = await scene.lab.agent(scene.host);
    const from = performance.now();
    await reached(agent, count);
    ours.push(performance.now() - from);
  }
  return { row: rows.cold, ours, reference: [], notes: ["the listing included, the process's start not"] };
}

async function among(bench: Bench): Promise<readonly Measured[]> {
  const count = 1000;
  await using scene = await sceneOf(count);
  const { lab, hosts } = scene;
  await using agent = await lab.agent(scene.host);
  await reached(agent, count);
  const cpu = cpuMs(agent.pid);
  const ours: number[] = [];
  const reference: number[] = [];
  // The first ones meet code that has not run yet, as they do once in an agent's life.
  const unheard = 30;
  for (let i = -unheard; i < Math.max(bench.rounds, 20); i++) {
    const one = hosts[((i + unheard) * 7) % count];
    if (one === undefined) throw new Error("a crowd of nobody");
    const said = agent.lines.length;
    const [node] = puts({ ...one, node: { ...one.node, vtep: `198.19.0.${((i + unheard) % 250) + 1}` } });
    if (node === undefined) throw new Error("a host without a record");
    const from = performance.now();
    await lab.client.txn([], [node]);
    const written = performance.now();
    await agent.line(() => agent.lines.length > said, "its rows");
    if (i >= 0) {
      reference.push(written - from);
      ours.push(performance.now() - written);
    }
    // Past the time in which changes are taken together.
    await Bun.sleep(80);
  }
  return [
    { row: rows.change, ours, reference },
    { row: rows.memory, ours: [residentMiB(agent.pid)], reference: [] },
    { row: rows.cpu, ours: [cpu], reference: [] },
  ];
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** User and system time (proc(5), /proc/PID/stat: fields 14 and 15), in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
