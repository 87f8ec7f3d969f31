/**
 * What was made of a directory the last time. Its tables are never changed in place: where all that something is made of is
 * the same object as before, it need not be made again.
 */
export interface Memo {
  /**
   * What `make` gave when it was last called by this name, if that was for the same inputs.
   *
   * @param make gets what it gave for other inputs: parts that are the same are to be the same objects
   */
  once<T>(name: string, inputs: readonly unknown[], make: (before: T | undefined) => T): T;
  /**
   * The same of a single entry, of which there are thousands.
   *
   * @param what of it; one name stands for one function
   * @param beside what else it is made of
   */
  each<T>(what: string, entry: object, make: () => T, beside?: unknown): T;
  /** What `make` gave the last time by this name, as long as that holds. */
  stays<T>(name: string, holds: (value: T) => boolean, make: () => T): T;
  /**
   * What was gathered of a table: where that is another than the last time, only what differs is taken out and put in. It is
   * changed in place, and what is made of it holds until the next time.
   *
   * @param beside what else it is made of: where that is another, all is gathered anew
   */
  gather<E, G extends Gathering<E>>(
    name: string,
    table: ReadonlyMap<string, E>,
    beside: unknown,
    begin: () => G,
  ): G;
}

export interface Gathering<E> {
  put(entry: E): void;
  remove(entry: E): void;
}

interface Difference {
  readonly before: ReadonlyMap<string, unknown>;
  readonly after: ReadonlyMap<string, unknown>;
  readonly gone: readonly unknown[];
  readonly come: readonly unknown[];
}

interface Gathered {
  readonly table: ReadonlyMap<string, unknown>;
  readonly beside: unknown;
  readonly gathering: Gathering<never>;
}

export function createMemo(): Memo {
  const made = new Map<string, { readonly inputs: readonly unknown[]; readonly value: unknown }>();
  const kept = new Map<string, { readonly value: unknown }>();
  const entries = new Map<string, WeakMap<object, { readonly beside: unknown; readonly value: unknown }>>();
  const gathered = new Map<string, Gathered>();
  let latest: Difference | undefined;
  /** Several things are gathered of one table. */
  const difference = (before: Difference["before"], after: Difference["after"]): Difference => {
    if (latest?.before !== before || latest.after !== after) latest = compare(before, after);
    return latest;
  };
  return {
    once<T>(name: string, inputs: readonly unknown[], make: (before: T | undefined) => T): T {
      const before = made.get(name);
      const isSame =
        before?.inputs.length === inputs.length && inputs.every((input, i) => input === before.inputs[i]);
      if (before !== undefined && isSame) return before.value as T;
      const value = make(before?.value as T | undefined);
      made.set(name, { inputs, value });
      return value;
    },
    stays<T>(name: string, holds: (value: T) => boolean, make: () => T): T {
      const before = kept.get(name);
      if (before !== undefined && holds(before.value as T)) return before.value as T;
      const value = make();
      kept.set(name, { value });
      return value;
    },
    each<T>(what: string, entry: object, make: () => T, beside?: unknown): T {
      let known = entries.get(what);
      if (known === undefined) {
        known = new WeakMap();
        entries.set(what, known);
      }
      const before = known.get(entry);
      if (before !== undefined && before.beside === beside) return before.value as T;
      const value = make();
      known.set(entry, { beside, value });
      return value;
    },
    gather<E, G extends Gathering<E>>(
      name: string,
      table: ReadonlyMap<string, E>,
      beside: unknown,
      begin: () => G,
    ): G {
      const before = gathered.get(name);
      const goesOn = before !== undefined && before.beside === beside;
      const gathering = goesOn ? (before.gathering as unknown as G) : begin();
      const { gone, come } = goesOn
        ? difference(before.table, table)
        : { gone: [], come: [...table.values()] };
      for (const entry of gone) gathering.remove(entry as E);
      for (const entry of come) gathering.put(entry as E);
      gathered.set(name, { table, beside, gathering });
      return gathering;
    },
  };
}

function compare(before: Difference["before"], after: Difference["after"]): Difference {
  const gone: unknown[] = [];
  const come: unknown[] = [];
  if (before !== after) {
    for (const [key, entry] of before) if (after.get(key) !== entry) gone.push(entry);
    for (const [key, entry] of after) if (before.get(key) !== entry) come.push(entry);
  }
  return { before, after, gone, come };
}
