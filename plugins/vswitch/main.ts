/** vswitch, the operator's tool. */
export async function main(): Promise<void> {
  const { runCli } = await import("./cli.ts");
  await runCli(process.argv.slice(2));
}
