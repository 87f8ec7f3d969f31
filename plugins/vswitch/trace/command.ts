/** What `vswitch trace` does: one packet through the model of this host, or of a scene in a file. */
import { traceAcross } from "../../../lib/model/path/trace-across.ts";
import type { Scene } from "../../../lib/model/scene.ts";
import { peerScene, sceneOf } from "../scene-of.ts";
import { type Session, UsageError } from "../terminal.ts";
import { writeFile } from "../write-file.ts";
import { parseStart, parseTarget } from "./ends.ts";
import { loadFormat, type TraceFormat } from "./formats.ts";
import { type PacketWords, packetOf } from "./packet.ts";
import { endOf, type TraceView } from "./view.ts";
import { exitCodeOf } from "./words.ts";

export interface TraceOptions extends PacketWords {
  readonly from: string;
  readonly to: string;
  readonly format: TraceFormat | undefined;
  readonly minimal: boolean;
  readonly detailed: boolean;
  readonly json: boolean;
  readonly output: string | undefined;
  readonly scene: string | undefined;
  /** Of other hosts: scenes in files, or folders of their state. */
  readonly peer: readonly string[];
  readonly live: boolean;
  readonly "diff-kernel": boolean;
  readonly tag: string | undefined;
  readonly "data-dir": string;
}

/** @throws {UsageError} for ends that are none or several. @throws {CniError} 5 for files, 6 for a damaged scene */
export async function trace(options: TraceOptions, session: Session): Promise<void> {
  requireOnce(options);
  if (options.tag !== undefined && !options.live)
    throw new UsageError("--tag is of a probe: --live sends it");
  const name = formatOf(options);
  const format = await loadFormat[name]();
  if (options.live || options["diff-kernel"]) {
    const { traceLive } = await import("../live/command.ts");
    const { formatLiveView, liveExitCode } = await import("../live/format-against.ts");
    const view = await traceLive(options, name, session);
    finish(formatLiveView(view, name, format), options, session);
    session.exitWith(liveExitCode(view));
    return;
  }
  const peers = options.peer.map((one) => peerScene(one, session));
  const view = traceIn(await sceneOf(options, session), options, peers);
  finish(format(view), options, session);
  session.exitWith(exitCodeOf(endOf(view).verdict));
}

/** yargs makes a list of an option that stands twice. @throws {UsageError} */
function requireOnce(options: TraceOptions): void {
  const many = ["_", "peer"];
  const twice = Object.entries(options).filter(
    ([name, value]) => !many.includes(name) && Array.isArray(value),
  );
  for (const [name] of twice) throw new UsageError(`--${name} stands twice`);
}

function finish(text: string, options: Pick<TraceOptions, "output">, session: Session): void {
  if (options.output === undefined) session.print(text.trimEnd());
  else writeFile(options.output, text);
}

/** Pure. @param peers scenes of other hosts. @throws {UsageError} as above */
export function traceIn(
  scene: Scene,
  options: Pick<TraceOptions, "from" | "to"> & PacketWords,
  peers: readonly Scene[] = [],
): TraceView {
  const from = parseStart(options.from, scene);
  const to = parseTarget(options.to, scene, from.families, peers);
  const probe = packetOf(options, from, to);
  const { trace, far } = traceAcross(scene, from.start, probe, { state: options.state }, peers);
  return { trace, name: from.name, ...(far.length === 0 ? {} : { far }) };
}

/** @throws {UsageError} for more than one */
function formatOf({ format, minimal, detailed, json }: TraceOptions): TraceFormat {
  const asked = [
    ...(format === undefined ? [] : [format]),
    ...(minimal ? (["minimal"] as const) : []),
    ...(detailed ? (["detailed"] as const) : []),
    ...(json ? (["json"] as const) : []),
  ];
  if (new Set(asked).size > 1) throw new UsageError(`one format at a time: ${asked.join(" or ")}`);
  return asked[0] ?? "text";
}
