/** Text for people: tables, amounts, times. Pure. */

/** Columns as wide as their widest cell, two spaces apart, nothing at the end of a line. */
export function formatTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { indent = "", right = [] } = options;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => width(row[i] ?? ""))),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => pad(cell, widths[i] ?? 0, right.includes(i))).join("  ");
  return rows.map((row) => (indent + line(row)).trimEnd()).join("\n");
}

export interface TableOptions {
  readonly indent?: string;
  /** Columns whose cells end at the same place: numbers. */
  readonly right?: readonly number[];
}

function pad(cell: string, to: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, to - width(cell)));
  return right ? space + cell : cell + space;
}

const width = (cell: string): number => Bun.stringWidth(cell);

/** `1.2 kB`, at most three digits. */
export function formatBytes(bytes: number): string {
  return `${scaled(bytes, ["B", "kB", "MB", "GB", "TB"])}`;
}

/** `1 200`, from a hundred thousand on `1.2 M`. */
export function formatCount(count: number): string {
  return count < 100_000 ? `${Math.round(count)}` : scaled(count, ["", "k", "M", "G", "T"]);
}

function scaled(amount: number, units: readonly string[]): string {
  let value = amount;
  let unit = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits =
    value >= 100 || unit === 0 ? Math.round(value) : Number(value.toPrecision(value < 10 ? 2 : 3));
  return `${digits} ${units[unit] ?? ""}`.trimEnd();
}

/** `3 min`, `5 h`, `12 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** "1 endpoint", "2 endpoints". */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** A runtime's id is 64 digits; its first 12 tell containers apart, as everybody prints them. */
export function shortId(containerId: string): string {
  return /^[0-9a-f]{32,}$/.test(containerId) ? containerId.slice(0, 12) : containerId;
}

/** `network/container/interface` with the id as short as it is printed elsewhere. */
export function shortOwner(owner: {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}): string {
  return `${owner.network}/${shortId(owner.containerId)}/${owner.ifname}`;
}
