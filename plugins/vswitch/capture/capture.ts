/** `vswitch capture`: what passes a port, as pcap on standard output. */
import { isatty } from "node:tty";
import type { Capture, CapturedFrame } from "../../../lib/seam/tool-backend.ts";
import { plural } from "../format.ts";
import { openHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { stopping } from "../stopping.ts";
import { type Session, UsageError } from "../terminal.ts";
import { requireWholeNumber } from "../whole-number.ts";
import { writeStdout } from "../write-stdout.ts";
import { type FilterWords, keeps, parseFilter } from "./filter.ts";
import { findDevice, isOfMacs } from "./find-device.ts";
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
/** As tcpdump has it (MAXIMUM_SNAPLEN of libpcap): no frame is longer. */
const mostSnaplen = 262_144;
/** How long a signal waits at most. */
const quietMs = 100;
/** Frames between two looks at signals. */
const burst = 256;

/** Ends with the count, a signal, or the reader of its output. */
export async function capture(options: CaptureOptions, session: Session): Promise<void> {
  const filter = parseFilter(options);
  requireWholeNumber("--count", options.count);
  requireWholeNumber("--snaplen", options.snaplen, mostSnaplen);
  if (!options.json && isatty(stdout)) throw toTerminal(options.target);
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const host = await openHost({ dataDir: options["data-dir"], warn });
  try {
    const device = findDevice(options.target, host);
    const source = host.backend.openCapture(device, options.snaplen);
    try {
      const wanted = ({ bytes }: CapturedFrame): boolean =>
        isOfMacs(device.macs, bytes) && keeps(filter, decodeFrame(bytes));
      const captured = await copy(source, options, wanted);
      session.complain(
        `vswitch: ${plural(captured, "frame")} of ${device.title} captured, ${source.dropped()} dropped by the kernel`,
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

/** @returns how many were written */
async function copy(
  source: Capture,
  { json, count = Number.POSITIVE_INFINITY, snaplen }: CaptureOptions,
  wanted: (frame: CapturedFrame) => boolean,
): Promise<number> {
  let captured = 0;
  const stop = stopping();
  try {
    if (!json && !writeStdout(pcapHeader(snaplen))) return captured;
    while (!stop.asked() && captured < count) {
      if (source.wait(quietMs, stdout) === "closed") break;
      for (let i = 0; i < burst && captured < count; i++) {
        const frame = source.receive();
        if (frame === undefined) break;
        if (!wanted(frame)) continue;
        if (!writeStdout(json ? `${formatFrame(frame)}\n` : pcapRecord(frame))) return captured;
        captured++;
      }
      // Signals are seen here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return captured;
  } finally {
    stop.end();
  }
}
