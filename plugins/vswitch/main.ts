/** vswitch, the operator's tool, as a process. */
import { runCli } from "./cli.ts";

export async function main(): Promise<void> {
  // `vswitch ... | head`: whoever reads has enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  process.exitCode = await runCli(process.argv.slice(2), {
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
  });
}
