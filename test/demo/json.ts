/** JSON for people: what is short shares a line, and brackets around a single thing take none of their own. */
const width = 104;

export function formatJson(value: unknown, indent = ""): string {
  const flat = formatFlat(value);
  if (typeof value !== "object" || value === null || indent.length + flat.length < width) return flat;
  if (Array.isArray(value) && value.length === 1) return `[${formatJson(value[0], indent)}]`;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((one) => formatJson(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${formatJson(one, inner)}`);
  const lines = Array.isArray(value) ? parts : fill(parts);
  return `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${indent}${close}`;
}

function formatFlat(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(formatFlat).join(", ")}]`;
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${formatFlat(one)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** Puts parts behind each other while they are short. */
function fill(parts: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const [start = ""] = part.split("\n", 1);
    if (last !== undefined && !last.includes("\n") && `${last}, ${start}`.length <= width / 2)
      lines[lines.length - 1] = `${last}, ${part}`;
    else lines.push(part);
  }
  return lines;
}
