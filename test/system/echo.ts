/** Servers and clients inside namespaces, so that traffic is real sockets. */
import { spawnSync } from "node:child_process";
import { type Child, startIn } from "./child.ts";
import { runIn } from "./command.ts";
import type { Namespace } from "./namespaces.ts";
import { toolPath } from "./run-program.ts";

export type Protocol = "tcp" | "udp" | "sctp";

export interface EchoTarget {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

export interface EchoRequest extends EchoTarget {
  /** Default "ping". */
  readonly message?: string;
  /** Default 2 000. */
  readonly timeoutMs?: number;
  /** UDP only: the client's own port, to keep one flow over several requests. */
  readonly sourcePort?: number;
}

/** What the server says of the client it saw. */
export interface EchoAnswer {
  readonly from: string;
  readonly fromPort: number;
  /** The server's own address: of the connection (TCP), or what it listens at (UDP). */
  readonly at: string;
  readonly data: string;
}

const script = (name: string) => `${import.meta.dirname}/${name}`;
const sctpAnswer = `EXEC:sh ${script("echo-sctp.sh")}`;

/** Says why SCTP cannot be tried on this kernel, or undefined when it can. */
export function whyNoSctp(): string | undefined {
  const tried = spawnSync("socat", ["-u", "/dev/null", "SCTP4:127.0.0.1:9"], {
    encoding: "utf8",
    env: { PATH: toolPath },
  });
  if (tried.error !== undefined) return "the program socat is not installed";
  return /not supported/i.test(tried.stderr) ? "the kernel has no SCTP" : undefined;
}

/** Whether the address answers an echo request (ICMP or ICMPv6) within two seconds. */
export async function answersPing(ns: Namespace, address: string): Promise<boolean> {
  const family = address.includes(":") ? "-6" : "-4";
  return (await runIn(ns, ["busybox", "ping", family, "-c", "1", "-W", "2", address])).exitCode === 0;
}

/** Starts a server and resolves when it listens. Address "::" or "0.0.0.0" means any. */
export async function startEcho(ns: Namespace, target: EchoTarget): Promise<Child> {
  const { protocol, address, port } = target;
  if (protocol === "sctp") {
    const family = address.includes(":") ? 6 : 4;
    const listen = `SCTP${family}-LISTEN:${port},bind=${bracket(address)},fork,reuseaddr`;
    const server = startIn(ns, ["socat", "-d", "-d", listen, sctpAnswer]);
    await server.line((line) => line.includes("listening on"), `SCTP server on ${address}:${port}`);
    return server;
  }
  const server = startIn(ns, [process.execPath, script("echo-server.ts"), protocol, address, String(port)]);
  await server.line((line) => line === "ready", `${protocol} server on ${address}:${port}`);
  return server;
}

/** Sends one message and gives the answer. @throws with the client's words when none comes */
export async function askEcho(ns: Namespace, request: EchoRequest): Promise<EchoAnswer> {
  const { protocol, address, port, message = "ping", timeoutMs = 2_000, sourcePort = 0 } = request;
  const seconds = String(timeoutMs / 1000);
  const command =
    protocol === "sctp"
      ? [
          "socat",
          "-t",
          seconds,
          "-T",
          seconds,
          "-,ignoreeof",
          `SCTP:${bracket(address)}:${port},connect-timeout=${seconds}`,
        ]
      : [
          process.execPath,
          script("echo-client.ts"),
          protocol,
          address,
          port,
          message,
          timeoutMs,
          sourcePort,
        ].map(String);
  const done = await runIn(ns, command, { input: `${message}\n`, timeoutMs: timeoutMs + 5_000 });
  if (done.exitCode === 0 && done.stdout !== "") return JSON.parse(done.stdout) as EchoAnswer;
  throw new Error(
    `${protocol} ${bracket(address)}:${port} from ${ns.name}: ${done.stderr.trim() || "no answer"}`,
  );
}

function bracket(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
