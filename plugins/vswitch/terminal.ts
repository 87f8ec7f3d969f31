/** Where the tool writes, and what it ends with. */

export interface Terminal {
  /** Standard output: the answer. */
  print(text: string): void;
  /** Standard error: what is beside it. */
  complain(text: string): void;
}

/** What the commands get. */
export interface Session extends Terminal {
  /**
   * The exit code, when it is not 0: 1 for "failed" or "drift found" although there is an answer. Errors are thrown.
   * `run` ends with that of its command.
   */
  exitWith(code: number): void;
}

/** The call's words are off: exit code 2. */
export class UsageError extends Error {}
