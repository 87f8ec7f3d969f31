/** What `vswitch trace` does with `--live` and `--diff-kernel`: the trace of this host, and its kernel beside it. */
import { readScene, withHost } from "../host.ts";
import { peerScene } from "../scene-of.ts";
import { type Terminal, UsageError } from "../terminal.ts";
import { type TraceOptions, traceIn } from "../trace/command.ts";
import { parseStart } from "../trace/ends.ts";
import type { TraceFormat } from "../trace/formats.ts";
import type { TraceView } from "../trace/view.ts";
import { type Against, againstKernel, type LiveOptions } from "./live.ts";

export type LiveView = TraceView & { readonly against: Against };

/** Ports of clients (RFC 6335): a connection of the container must not be met. */
const dynamicPorts = { first: 49_152, count: 16_384 } as const;

/** @throws {UsageError} for what has no kernel to ask. @throws {CniError} when the kernel refuses */
export function traceLive(
  options: TraceOptions & LiveOptions,
  format: TraceFormat,
  terminal: Terminal,
): Promise<LiveView> {
  if (format === "svg")
    throw new UsageError("a picture shows the model alone: not with --live and --diff-kernel");
  if (options.scene !== undefined)
    throw new UsageError(
      "--live and --diff-kernel ask the kernel of this host: --scene does not go with them",
    );
  const warn = (text: string): void => terminal.complain(`vswitch: ${text}`);
  return withHost({ dataDir: options["data-dir"], warn }, async (host) => {
    const scene = readScene(host);
    const peers = options.peer.map((one) => peerScene(one, terminal));
    const first = traceIn(scene, options, peers);
    const free = options.live && options.sport === undefined && hasPort(first);
    const view = free ? traceIn(scene, { ...options, sport: dynamicPort() }, peers) : first;
    const { start } = parseStart(options.from, scene);
    return { ...view, against: await againstKernel(host, scene, start, view.trace, options) };
  });
}

const hasPort = ({ trace }: TraceView): boolean =>
  trace.packet.kind === "ip" && trace.packet.sourcePort !== undefined;

const dynamicPort = (): number => dynamicPorts.first + Math.floor(Math.random() * dynamicPorts.count);
