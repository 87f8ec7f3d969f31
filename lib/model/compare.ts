/** Comparing what was planned with what is there, in words. Pure. */

export interface Difference {
  /** What differs, e.g. `address 172.30.0.2/20 of eth0`. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

export type Compare = readonly [what: string, expected: string | number, found: string | number | undefined];

/** @returns what differs of them */
export function unequal(pairs: readonly Compare[]): Difference[] {
  return pairs
    .filter(([, expected, found]) => expected !== found)
    .map(([what, expected, found]) => ({ what, expected: `${expected}`, found: `${found ?? "nothing"}` }));
}

export function absent(what: string): Difference[] {
  return [{ what, expected: "present", found: "absent" }];
}

export function surplus(what: string): Difference[] {
  return [{ what, expected: "absent", found: "present" }];
}
