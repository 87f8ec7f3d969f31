/** `vswitch stats`: what passes the ports, once or again and again. */
import type { Counters } from "../../../lib/model/counters.ts";
import { tunnelName } from "../../../lib/model/plan.ts";
import { besideLinks, type Host, withHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { selectEndpoints } from "../select.ts";
import { stopping } from "../stopping.ts";
import { type Session, UsageError } from "../terminal.ts";
import { requireWholeNumber } from "../whole-number.ts";
import { formatStats, formatStatsJson, formatStatsLines } from "./format-stats.ts";
import { type Sample, sampleOf } from "./rates.ts";

export interface StatsOptions extends CommonOptions {
  /** Endpoints and networks; empty: all ports. */
  readonly targets: readonly string[];
  /** Rates, again and again. */
  readonly watch: boolean;
  /** Seconds between two looks. */
  readonly interval: number;
  /** Ends after so many samples. */
  readonly count?: number;
}

/** Header, a line that tells of more, the line of the cursor. */
const otherRows = 3;

export async function stats(options: StatsOptions, session: Session): Promise<void> {
  const { interval, watch, json, count } = options;
  if (!(interval >= 0.1)) throw new UsageError("--interval must be 0.1 seconds at least");
  requireWholeNumber("--count", count);
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  await withHost({ dataDir: options["data-dir"], warn }, async (host) => {
    const first = read(host, options.targets);
    const total = sampleOf(first, host.store.endpoints.list());
    if (watch) await watching(host, options, first, json ? undefined : screen());
    else session.print(json ? formatStatsJson(total) : formatStats(total));
  });
}

function read(host: Host, targets: readonly string[]): Counters {
  const counters = host.backend.observeCounters(besideLinks(host));
  if (targets.length === 0) return counters;
  const keys = new Set(selectEndpoints(targets, host.store.endpoints.list()).map(({ key }) => key));
  const { ports, tunnels = [] } = counters;
  const named = host.store.networks.list().filter(({ name }) => targets.includes(name));
  const own = new Set(named.map(({ name }) => tunnelName(name)));
  return {
    ...counters,
    ports: ports.filter(({ key }) => keys.has(key)),
    tunnels: tunnels.filter(({ name }) => own.has(name)),
  };
}

/** Shows a sample where the last one was. Absent: standard output is no terminal. */
type Screen = (sample: Sample) => void;

function screen(): Screen | undefined {
  const { stdout } = process;
  if (!stdout.isTTY) return undefined;
  let lines = 0;
  return (sample) => {
    const text = formatStats(sample, Math.max(1, stdout.rows - otherRows));
    // Back to the first line of the last one; the rest of the screen goes.
    stdout.write(`${lines > 0 ? `\x1b[${lines}F` : ""}\x1b[J${text}\n`);
    lines = text.split("\n").length;
  };
}

async function watching(
  host: Host,
  { targets, interval, count = Number.POSITIVE_INFINITY, json }: StatsOptions,
  first: Counters,
  show: Screen | undefined,
): Promise<void> {
  const pause = pausing(interval * 1000);
  try {
    let before = first;
    for (let i = 0; i < count && !(await pause.wait()); i++) {
      const now = read(host, targets);
      const sample = sampleOf(now, host.store.endpoints.list(), before);
      if (show !== undefined) show(sample);
      else process.stdout.write(`${json ? formatStatsJson(sample) : formatStatsLines(sample)}\n`);
      before = now;
    }
  } finally {
    pause.end();
  }
}

/** Waits that a signal cuts short. */
function pausing(ms: number): { wait(): Promise<boolean>; end(): void } {
  let wake = (): void => {};
  const stop = stopping(() => wake());
  return {
    wait: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(stop.asked()), ms);
        wake = () => {
          clearTimeout(timer);
          resolve(true);
        };
        if (stop.asked()) wake();
      }),
    end: stop.end,
  };
}
