/** The least a Bun-compiled program costs. */
import { join } from "node:path";

/**
 * Compiles the empty program as plugins/build.ts compiles ours.
 * @returns the path of the executable
 * @throws {AggregateError} with what bun said
 */
export async function buildEmptyProgram(folder: string): Promise<string> {
  const outfile = join(folder, "empty");
  const built = await Bun.build({
    entrypoints: [join(import.meta.dirname, "empty.ts")],
    format: "esm",
    minify: true,
    splitting: true,
    bytecode: true,
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  });
  if (!built.success) throw new AggregateError(built.logs, "bun build failed");
  return outfile;
}
