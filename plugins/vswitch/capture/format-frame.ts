/** One line of JSON for a frame: for hosts without tcpdump. Pure. */
import type { CapturedFrame } from "../../../lib/seam/tool-backend.ts";
import { decodeFrame } from "./frame.ts";

export function formatFrame({ atNs, length, bytes, towardsContainer }: CapturedFrame): string {
  const seconds = atNs / 1_000_000_000n;
  const fraction = `${atNs % 1_000_000_000n}`.padStart(9, "0");
  const time = new Date(Number(seconds) * 1000).toISOString().replace(/\.000Z$/, `.${fraction}Z`);
  const direction = towardsContainer ? "In" : "Out";
  const { protocol, source, destination, sourcePort, destinationPort, ...link } = decodeFrame(bytes) ?? {};
  const network = { protocol, source, destination, sourcePort, destinationPort };
  return JSON.stringify({ time, direction, length, ...network, ...link });
}
