/**
 * What was made of a directory the last time. Its tables are never changed in place: where all that something is made of is
 * the same object as before, it need not be made again.
 */
export interface Memo {
  /** What `make` gave when it was last called by this name, if that was for the same inputs. */
  once<T>(name: string, inputs: readonly unknown[], make: () => T): T;
  /**
   * The same of a single entry, of which there are thousands.
   *
   * @param what of it; one name stands for one function
   * @param beside what else it is made of
   */
  each<T>(what: string, entry: object, make: () => T, beside?: unknown): T;
  /** What `make` gave the last time by this name, as long as that holds. */
  stays<T>(name: string, holds: (value: T) => boolean, make: () => T): T;
}

export function createMemo(): Memo {
  const made = new Map<string, { readonly inputs: readonly unknown[]; readonly value: unknown }>();
  const kept = new Map<string, { readonly value: unknown }>();
  const entries = new Map<string, WeakMap<object, { readonly beside: unknown; readonly value: unknown }>>();
  return {
    once<T>(name: string, inputs: readonly unknown[], make: () => T): T {
      const before = made.get(name);
      const isSame =
        before?.inputs.length === inputs.length && inputs.every((input, i) => input === before.inputs[i]);
      if (before !== undefined && isSame) return before.value as T;
      const value = make();
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
  };
}
