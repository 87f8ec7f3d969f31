/** `vswitch capture`: what passes a port, as pcap on standard output. */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Capture, CapturedFrame } from "../../../lib/backend.ts";
import { plural } from "../format.ts";
import { openHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { type Session, UsageError } from "../terminal.ts";
import { type FilterWords, keeps, parseFilter } from "./filter.ts";
import { findDevice } from "./find-device.ts";
import { formatFrame } from "./format-frame.ts";
import { decodeFrame } from "./frame.ts";
import { pcapHeader, pcapRecord } from "./pcap.ts";

export interface CaptureOptions extends CommonOptions, FilterWords {
  readonly target: string;
  /** Ends after so many. */
  readonly count?: number;
  /** Most bytes kept of a frame. */
  readonly snaplen: number;
}

const stdout = 1;
/** How long a signal waits at most. */
const quietMs = 100;
/** Frames between two looks at signals. */
const burst = 256;

/** Ends with the count, a signal, or the reader of its output. */
export async function capture(options: CaptureOptions, session: Session): Promise<void> {
  const filter = parseFilter(options);
  if (!options.json && isatty(stdout)) throw toTerminal(options.target);
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const host = await openHost({ dataDir: options["data-dir"], warn });
  try {
    const device = findDevice(options.target, host);
    const source = host.backend.openCapture(device, options.snaplen);
    try {
      const end = await copy(source, options, (frame) => keeps(filter, decodeFrame(frame.bytes)));
      if (end.failed !== undefined) throw end.failed;
      session.complain(
        `vswitch: ${plural(end.captured, "frame")} of ${device} captured, ${source.dropped()} dropped by the kernel`,
      );
    } finally {
      source.close();
    }
  } finally {
    host.close();
  }
}

function toTerminal(target: string): UsageError {
  return new UsageError(
    `pcap is not for a terminal: vswitch capture ${target} | tcpdump -n -r -, or > FILE, or --json for lines`,
  );
}

interface End {
  readonly captured: number;
  readonly failed?: unknown;
}

async function copy(
  source: Capture,
  { json, count = Number.POSITIVE_INFINITY, snaplen }: CaptureOptions,
  wanted: (frame: CapturedFrame) => boolean,
): Promise<End> {
  let captured = 0;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    if (!json) writeAll(pcapHeader(snaplen));
    while (!stopped && captured < count) {
      if (source.wait(quietMs, stdout) === "closed") break;
      for (let i = 0; i < burst && captured < count; i++) {
        const frame = source.receive();
        if (frame === undefined) break;
        if (!wanted(frame)) continue;
        writeAll(json ? `${formatFrame(frame)}\n` : pcapRecord(frame));
        captured++;
      }
      // Signals are seen here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { captured };
  } catch (error) {
    // The reader has enough.
    return isCode(error, "EPIPE") ? { captured } : { captured, failed: error };
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** As a whole and in order, whatever standard output is. */
function writeAll(what: Uint8Array | string): void {
  let rest = typeof what === "string" ? new TextEncoder().encode(what) : what;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(stdout, rest));
    } catch (error) {
      if (!isCode(error, "EAGAIN")) throw error;
      Bun.sleepSync(1);
    }
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
