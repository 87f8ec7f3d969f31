/** What a key or a value of a directory is when it cannot be read: a value, never an error, since somebody else wrote it. */
export interface Garbage {
  /** What is wrong with it, each as a sentence; never empty. */
  readonly garbage: readonly string[];
  /** Its version, where that is all that is wrong: who wrote it knows more than we do. */
  readonly newer?: number;
}

export function isGarbage(value: object): value is Garbage {
  return Object.hasOwn(value, "garbage");
}

export const garbage = (...wrong: readonly string[]): Garbage => ({ garbage: wrong });
