/** CNI errors: the codes of the spec, our own codes, and the one error class that reaches a runtime. */

/** Codes of CNI 1.1 (section "Error") and, from 100 on, our own. Never 999: that is libcni's "unknown". */
export const errorCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodeFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  notAvailableLimited: 51,
  compartmentInvalid: 100,
  interfaceExists: 101,
  poolExhausted: 102,
  addressTaken: 103,
  portTaken: 104,
  kernelRefused: 105,
  dependencyMissing: 106,
  stateCorrupt: 107,
  conflict: 108,
  drift: 109,
  permission: 110,
  /** A defect of this program, never a fault of the caller. */
  internal: 111,
  /** A delegate did not start, died, ran out of time, or failed without saying why. */
  delegateFailed: 112,
} as const;
export type ErrorCode = (typeof errorCode)[keyof typeof errorCode];

export interface CniErrorOptions {
  /** What the failure is in one stable kebab-case word, for programs and tests. */
  readonly reason: string;
  /** The longer story: values on both sides, the remedy. */
  readonly details?: string;
  readonly cause?: unknown;
}

/**
 * A failure as the runtime shall see it.
 *
 * `message` says what was being done, to what and why it failed; `details` what to do about it.
 * A delegate's error passes through with whatever code it bears, so `code` is a number.
 */
export class CniError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: string | undefined;

  constructor(code: ErrorCode | number, message: string, options: CniErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CniError";
    this.code = code;
    this.reason = options.reason;
    this.details = options.details;
  }
}
