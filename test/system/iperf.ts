/** How many bytes of frames a second get from one namespace to another, measured by iperf3. */
import type { Child } from "./child.ts";
import type { Host } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { toolPath } from "./run-program.ts";

export function whyNoIperf(): string | undefined {
  return Bun.which("iperf3", { PATH: toolPath }) === null ? "the program iperf3 is not installed" : undefined;
}

/** Serves one measurement after the other. */
export async function startIperf(host: Host, ns: Namespace): Promise<Child> {
  const server = host.start(ns, ["iperf3", "--server", "--forceflush"]);
  await server.line((line) => line.startsWith("Server listening"), "iperf3 server");
  return server;
}

export interface Flow {
  readonly protocol: "tcp" | "udp";
  /** From the client to the server, or towards the client. */
  readonly direction: "out" | "in";
  readonly seconds: number;
  /** Of UDP: what the sender tries, in bytes of payload. */
  readonly bytesPerSecond?: number;
}

interface Report {
  readonly error?: string;
  readonly start: { readonly tcp_mss_default?: number };
  readonly end: {
    readonly sum: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
    readonly sum_received: { readonly bytes: number; readonly seconds: number };
  };
}

const payload = 1400;
/** Ethernet and IPv4 with UDP; with TCP and its time stamps. */
const headers = { udp: 14 + 20 + 8, tcp: 14 + 20 + 32 } as const;

/** @returns bytes of frames per second that arrived. @throws with the words of iperf3 */
export async function frameRate(host: Host, client: Namespace, server: string, flow: Flow): Promise<number> {
  const words = ["iperf3", "--client", server, "--time", String(flow.seconds), "--json"];
  if (flow.direction === "in") words.push("--reverse");
  const bits = Math.round((flow.bytesPerSecond ?? 0) * 8);
  if (flow.protocol === "udp") words.push("--udp", "--length", String(payload), "--bandwidth", String(bits));
  const report = await runIperf(host, client, words);
  const { sum, sum_received: received } = report.end;
  if (flow.protocol === "udp")
    return ((sum.packets - sum.lost_packets) * (payload + headers.udp)) / sum.seconds;
  const segment = report.start.tcp_mss_default ?? payload;
  return ((received.bytes / segment) * (segment + headers.tcp)) / received.seconds;
}

/** The server takes a moment to be done with the client before. */
async function runIperf(host: Host, client: Namespace, words: readonly string[]): Promise<Report> {
  for (let attempt = 0; ; attempt++) {
    const { stdout } = await host.run(client, words, { timeoutMs: 60_000 });
    const report = JSON.parse(stdout) as Report;
    if (report.error === undefined) return report;
    if (attempt === 20 || !report.error.includes("busy"))
      throw new Error(`${words.join(" ")}: ${report.error}`);
    await Bun.sleep(100);
  }
}
