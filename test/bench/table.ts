/** Columns, and figures short enough for them. */

/** The first column to the left, the others to the right. Lines with fewer cells do not widen the columns. */
export function alignColumns(lines: readonly (readonly string[])[]): readonly string[] {
  const [head = []] = lines;
  const whole = lines.filter((line) => line.length === head.length);
  const widths = head.map((_, at) => Math.max(...whole.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Three digits, "-" for what is no number. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toFixed(digits);
}
