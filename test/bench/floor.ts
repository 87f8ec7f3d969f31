/** The least a Bun-compiled program costs. */
import { join } from "node:path";
import type { Network } from "./call.ts";
import { natNetwork } from "./networks.ts";
import type { Side } from "./pair.ts";

/** Does nothing; or the kernel's part of an attachment to the LAN. */
export type FloorProgram = "empty" | "floor-macvlan";

/**
 * Compiles a program beside this file as plugins/build.ts compiles ours.
 * @returns the path of the executable
 * @throws {AggregateError} with what bun said
 */
export async function buildFloorProgram(name: FloorProgram, folder: string): Promise<string> {
  const outfile = join(folder, name);
  const built = await Bun.build({
    entrypoints: [join(import.meta.dirname, `${name}.ts`)],
    format: "esm",
    minify: true,
    splitting: true,
    bytecode: true,
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false, jitPolicy: 100 },
  });
  if (!built.success) throw new AggregateError(built.logs, "bun build failed");
  return outfile;
}

/** A program that is no plugin, started as one: by the verb VERSION, whose answer nobody keeps. */
export function programNetwork(side: Side, [exe = "", ...args]: readonly string[]): Network {
  return { ...natNetwork(side, false), plugins: [{ exe, args, config: { type: "program" } }] };
}
