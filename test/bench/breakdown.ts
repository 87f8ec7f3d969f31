/** What single processes cost, so that a missed goal can be explained. */
import { execIn } from "../system/command.ts";
import { toolPath } from "../system/run-program.ts";
import type { CallRequest, Network, Step } from "./call.ts";
import { programNetwork } from "./floor.ts";
import { ipamNetwork, natNetwork, publishedPorts } from "./networks.ts";
import type { Pair, Side } from "./pair.ts";
import type { Bench } from "./row.ts";
import { median, quantile } from "./statistics.ts";

/** One kind of process, from its start to its exit. */
export interface Part {
  readonly title: string;
  readonly medianMs: number;
  readonly leastMs: number;
  /** Processor time, median; processes it started itself are in it. */
  readonly cpuMs: number;
}

type Keep = (title: string, step: Step) => void;

/** @param empty the program of floor.ts */
export async function measureBreakdown(bench: Bench, empty: string): Promise<readonly Part[]> {
  await using pair = await bench.createPair();
  const stage = await createStage(pair);
  const samples = new Map<string, Step[]>();
  const keep: Keep = (title, step) => samples.set(title, [...(samples.get(title) ?? []), step]);
  for (let round = 0; round <= bench.rounds; round++) {
    await oneRound(stage, empty, round === 0 ? () => {} : keep);
  }
  return [...samples].map(([title, steps]) => ({
    title,
    medianMs: median(steps.map((step) => step.ms)),
    leastMs: quantile(
      steps.map((step) => step.ms),
      0,
    ),
    cpuMs: median(steps.map((step) => step.cpuMs)),
  }));
}

/** A pair of hosts with a container each that stays, and a compartment each for one that comes and goes. */
interface Stage {
  readonly pair: Pair;
  call(side: Side, verb: CallRequest["verb"], network: Network, ports?: number): Promise<readonly Step[]>;
}

async function createStage(pair: Pair): Promise<Stage> {
  const compartments = new Map<Side, string>();
  for (const side of pair.sides) {
    await side.resident(natNetwork(side, true), "resident", publishedPorts(20_000, 1));
    compartments.set(side, (await side.host.compartment()).path);
  }
  return {
    pair,
    async call(side, verb, network, ports = 0) {
      const runtimeConfig = publishedPorts(30_000, ports);
      const attachments = [{ id: "c", netns: compartments.get(side) ?? "", runtimeConfig }];
      return (await side.call({ verb, network, attachments })).chains.flat();
    },
  };
}

async function oneRound(stage: Stage, empty: string, keep: Keep): Promise<void> {
  const { ours } = stage.pair;
  const one = async (title: string, network: Network) => {
    for (const step of await stage.call(ours, "VERSION", network)) keep(title, step);
  };
  await one("an empty Bun-compiled program (the floor)", programNetwork(ours, [empty]));
  await one("nat VERSION: start, load, answer", natNetwork(ours, false));
  const networks = [
    [", 1 port", 1, (side: Side) => natNetwork(side, true)],
    [", no port", 0, (side: Side) => natNetwork(side, false)],
    [" alone", 0, (side: Side) => ipamNetwork(side, "alone", "10.73.0.0/24")],
  ] as const;
  for (const [what, ports, network] of networks) {
    for (const verb of ["ADD", "DEL"] as const) {
      for (const side of stage.pair.sides) {
        const whose = side === ours ? "" : "  reference ";
        const steps = await stage.call(side, verb, network(side), ports);
        for (const step of steps) keep(`${whose}${step.type} ${verb}${what}`, step);
      }
    }
  }
  const veth =
    "ip link add name veth0 type veth peer name veth1 && ip link set veth0 up && ip link set veth1 up";
  await execIn(ours.host.ns, ["sh", "-ec", veth]);
  const ip = Bun.which("ip", { PATH: toolPath }) ?? "ip";
  const title = "`ip link delete` of a veth pair that is up (the kernel's part of a DEL)";
  await one(title, programNetwork(ours, [ip, "link", "delete", "veth0"]));
}
