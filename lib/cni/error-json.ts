/** A failure as the JSON a runtime reads on stdout (CNI 1.1 "Error"). */
import { CniError, errorCode } from "./error.ts";
import type { CniVersion } from "./version.ts";

export interface ErrorJson {
  readonly cniVersion: CniVersion;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** Go's parser rejects the whole object when the code is not an unsigned integer. */
const isCode = (code: number): boolean => Number.isInteger(code) && code > 0 && code <= 0xffffffff;

/**
 * Anything that is not a CniError is a defect of ours and gets the code `internal` with a short text, never a stack.
 *
 * @param hide takes secrets out of a text
 */
export function formatError(
  error: unknown,
  cniVersion: CniVersion,
  hide: (text: string) => string = (text) => text,
): ErrorJson {
  if (error instanceof CniError && isCode(error.code)) {
    const { code, details } = error;
    const msg = hide(error.message) || error.reason;
    return { cniVersion, code, msg, ...(details !== undefined && { details: hide(details) }) };
  }
  return {
    cniVersion,
    code: errorCode.internal,
    msg: `internal error: ${hide(describeDefect(error))}`,
    details: "this is a defect of the plugin; VSWITCH_TRACE=1 shows on stderr what it was doing",
  };
}

function describeDefect(error: unknown): string {
  if (!(error instanceof Error)) return "something that is no Error was thrown";
  return `${error.name}: ${error.message.split("\n", 1)[0] ?? ""}`.slice(0, 200);
}
