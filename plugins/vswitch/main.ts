/** vswitch, the operator's tool, as a process. */
import { runCli } from "./cli.ts";

export async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), {
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
  });
}
