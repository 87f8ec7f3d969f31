/** What a run may be called. Pure. */
import { UsageError } from "../terminal.ts";

/**
 * The name becomes that of a file and of a compartment.
 *
 * @param option as it stands in the call: `--name`
 * @throws {UsageError}
 */
export function requireRunName(option: string, name: string): void {
  if (/^[a-z0-9][a-z0-9_.-]{0,127}$/i.test(name)) return;
  throw new UsageError(`${option} ${name}: letters, digits, "_", "." and "-", a letter or digit first`);
}
