/** One ADD and one DEL of ours, message by message, as VSWITCH_TRACE=1 tells them. */
import { join } from "node:path";
import { natNetwork, publishedPorts } from "./networks.ts";
import type { Side } from "./pair.ts";
import type { Bench } from "./row.ts";

export interface Profile {
  readonly verb: "ADD" | "DEL";
  /** From start to exit, the entering of the namespace (about 1 ms) included. */
  readonly ms: number;
  /** Each line of the trace; `atMs` counts from the start of the process and says when the work was done. */
  readonly lines: readonly { readonly atMs: number; readonly text: string }[];
}

/** The fastest of some runs: the one that others disturbed least. Tracing itself costs a millisecond or two. */
export async function measureProfiles(bench: Bench): Promise<readonly Profile[]> {
  await using pair = await bench.createPair();
  const { ours } = pair;
  await ours.resident(natNetwork(ours, true), "resident", publishedPorts(20_000, 1));
  const { path: netns } = await ours.host.compartment();
  const runs: Profile[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    for (const verb of ["ADD", "DEL"] as const) runs.push(await traced(ours, verb, netns));
  }
  return (["ADD", "DEL"] as const).flatMap((verb) =>
    runs
      .filter((run) => run.verb === verb)
      .sort((a, b) => a.ms - b.ms)
      .slice(0, 1),
  );
}

async function traced(side: Side, verb: Profile["verb"], netns: string): Promise<Profile> {
  const { name, plugins, env, cniPath } = natNetwork(side, true);
  const done = await side.host.plugin(join(side.bin, "nat"), {
    verb,
    env: {
      ...env,
      CNI_PATH: cniPath,
      CNI_CONTAINERID: "traced",
      CNI_NETNS: netns,
      CNI_IFNAME: "eth0",
      VSWITCH_TRACE: "1",
    },
    stdin: { cniVersion: "1.0.0", name, ...plugins[0]?.config, runtimeConfig: publishedPorts(30_000, 1) },
  });
  if (done.exitCode !== 0) throw new Error(`traced ${verb}: ${done.stdout}${done.stderr}`);
  return { verb, ms: done.elapsedMs, lines: linesOf(done.stderr) };
}

function linesOf(stderr: string): Profile["lines"] {
  return stderr.split("\n").flatMap((line) => {
    const [, at, text] = /^ *(\d+\.\d+) (.*)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ atMs: Number(at), text }];
  });
}
