/** Where a probe of another host was seen, as text. Pure. */
import { formatLive } from "../../../lib/model/live/compare.ts";
import type { LiveHeader, LiveSeen } from "../../../lib/model/live/live.ts";
import { formatTable } from "../format.ts";
import { formatTag } from "./tag.ts";

export function formatAwaited(tag: number, { seen, stages, verdict, blind }: LiveSeen): string {
  const name = `probe ${formatTag(tag)}`;
  const unseen = blind.map((what) => `Not watched: ${what}.`);
  if (seen === undefined)
    return [
      `The ${name} did not come: ${"hint" in verdict ? verdict.hint : "nothing of it was seen"}.`,
      ...unseen,
    ].join("\n");
  const rows = stages.map(({ ms, stage = "", place, what }, i) => [
    stage === stages[i - 1]?.stage ? "" : stage,
    `${ms.toFixed(2)} ms ${place}: ${what}`,
  ]);
  return [
    `The ${name}, ${formatHeader(seen)}:`,
    "",
    formatTable([["STAGE", "KERNEL"], ...rows]),
    "",
    `It ${formatLive(verdict)}.`,
    ...unseen,
  ].join("\n");
}

function formatHeader({ source, sourcePort, destination, destinationPort }: LiveHeader): string {
  const end = (address: string, port: number | undefined): string => {
    if (port === undefined) return address;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  };
  return `${end(source, sourcePort)} -> ${end(destination, destinationPort)}`;
}
