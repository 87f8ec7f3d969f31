/** Commands of the operator's tool. */
import yargs from "yargs";

export async function runCli(args: readonly string[]): Promise<void> {
  await yargs([...args])
    .scriptName("vswitch")
    .demandCommand(1)
    .strict()
    .help()
    .parseAsync();
}
