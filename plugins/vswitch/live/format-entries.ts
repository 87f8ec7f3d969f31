/** What `--diff-kernel` found, as text. Pure. */
import { formatTable } from "../format.ts";
import type { EndpointEntries } from "./kernel-entries.ts";

export function formatEntries(all: readonly EndpointEntries[]): string {
  if (all.length === 0) return "Kernel: the model took nothing from the plan of any endpoint.";
  return all.map(formatEndpoint).join("\n");
}

function formatEndpoint({ endpoint, entries }: EndpointEntries): string {
  if (entries.length === 0) return `Kernel: ${endpoint} is there as the model has it.`;
  const rows = entries.map(({ kind, what, expected, found }) => [
    kind,
    what,
    kind === "different" ? `model ${expected}, kernel ${found}` : "",
  ]);
  return [`Kernel: ${endpoint} DIFFERS from the model:`, formatTable(rows, { indent: "  " })].join("\n");
}
