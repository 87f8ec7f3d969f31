/** The whole story: the world, the acts in it, and what holds for all of them. */
import { relative } from "node:path";
import type { Report } from "./report.ts";
import { createWorld, type Programs, type World } from "./world.ts";

/** One kind of network, told from its configuration to the proof that nothing is left. */
export interface Act {
  /** Names of the compartments it plays with; acts may share them, since each leaves them empty. */
  readonly compartments: readonly string[];
  play(stage: Stage): Promise<void>;
}

export interface Stage {
  readonly world: World;
  readonly report: Report;
  /** Folder of the executables: CNI_PATH. */
  readonly bin: string;
}

/** @throws {Error} when the world cannot be built, or an act cannot go on */
export async function tellStory(
  acts: readonly Act[],
  report: Report,
  bin: string,
  programs: Programs,
): Promise<void> {
  const started = performance.now();
  report.title(`vswitch-cni: containers on networks, by the executables in ${relative(process.cwd(), bin)}`);
  const names = [...new Set(acts.flatMap((act) => act.compartments))];
  const world = await createWorld(names, programs);
  introduce(world, names, report);
  for (const act of acts) await act.play({ world, report, bin });
  report.end(performance.now() - started);
}

function introduce({ uplink, families }: World, compartments: readonly string[], report: Report): void {
  const addresses = (of: "host" | "beyond") => families.map((family) => uplink[family][of]).join(", ");
  report.scene("The world", "namespaces of this run alone: nothing reaches the machine's own network");
  report.line("host", addresses("host"), "where the plugins run");
  report.line("beyond", addresses("beyond"), "at the host's uplink; knows no way to containers");
  report.line(compartments.join(", "), "compartments", "of containers: nothing but a loopback");
  if (!families.includes(6)) report.line("", "this kernel has no IPv6: all is IPv4 alone");
}
