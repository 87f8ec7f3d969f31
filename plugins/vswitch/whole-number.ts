/** Options that count something. Pure. */
import { UsageError } from "./terminal.ts";

/**
 * @param option as it stands in the call: `--count`
 * @param value undefined where it does not stand there
 * @throws {UsageError} for anything but a whole number from 1 to `most`
 */
export function requireWholeNumber(
  option: string,
  value: number | undefined,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return;
  const bounds = most === Number.MAX_SAFE_INTEGER ? "1 or more" : `1 to ${most}`;
  throw new UsageError(`${option} ${value} is no whole number, ${bounds}`);
}
