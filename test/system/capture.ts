/** Packets as tcpdump prints them, while a test runs. */
import { startIn } from "./child.ts";
import type { Namespace } from "./namespaces.ts";

export interface Capture extends AsyncDisposable {
  /** The packets seen so far, one line each, addresses and ports as numbers. */
  packets(): readonly string[];
  /** Resolves with the first packet, past or coming, that matches. @throws when time is up */
  packet(pattern: RegExp, timeoutMs?: number): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a capture and resolves when it sees packets. `device` may be "any"; options of tcpdump may stand before the filter. */
export async function startCapture(ns: Namespace, device: string, filter = ""): Promise<Capture> {
  const words = ["tcpdump", "-i", device, "-n", "-e", "-l", "-t", "--immediate-mode", ...filter.split(" ")];
  const child = startIn(
    ns,
    words.filter((word) => word !== ""),
  );
  await child.line((line) => /^(tcpdump: )?listening on/.test(line), `capture on ${device}`);
  const isPacket = (line: string) => !/^(listening on|tcpdump:|\d+ packets? )/.test(line);
  return {
    packets: () => child.lines.filter(isPacket),
    packet: (pattern, timeoutMs) =>
      child.line((line) => isPacket(line) && pattern.test(line), String(pattern), timeoutMs),
    stop: () => child.stop(),
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
