/** A connection that is open, and in use, while something is done to the ways below it. */
import type { Namespace } from "./namespaces.ts";
import type { NatLab } from "./nat-lab.ts";

export interface Steady {
  /** Ends it. */
  seen(): Promise<{ readonly answers: number; readonly longestMs: number; readonly lost: string }>;
}

let port = 21_000;

/** @param address of `to` */
export async function startSteady(
  { host }: NatLab,
  from: Namespace,
  to: Namespace,
  address: string,
): Promise<Steady> {
  port++;
  await host.echo(to, { protocol: "tcp", address, port });
  const script = `${import.meta.dirname}/steady-client.ts`;
  const client = host.start(from, [process.execPath, script, address, `${port}`]);
  await client.line((line) => line === "open", "connection");
  return {
    seen: async () => {
      await client.stop();
      return JSON.parse(client.lines.at(-1) ?? "{}");
    },
  };
}
