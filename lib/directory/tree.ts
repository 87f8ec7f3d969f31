/**
 * Tables of a directory: maps in maps, by the names of a key. They are never changed: a change makes new maps on its way
 * from the root, and shares all others with what was before. So the table of 5000 nodes is copied once for a batch of
 * changes, and those of each node's containers are not.
 */
export type Branch = ReadonlyMap<string, unknown>;
/** From the name of a table to the leaf's. */
export type Path = readonly [string, string, ...string[]];

export interface Editor<T> {
  get(path: Path): unknown;
  put(path: Path, leaf: unknown): void;
  remove(path: Path): void;
  /** What there is now: the same object, when nothing has changed. */
  readonly tables: () => T;
}

/** @param tables an object of maps; maps that become empty are left out of those above them */
export function edit<T extends object>(tables: T): Editor<T> {
  let result = tables as Record<string, Branch>;
  /** Made by this editor, so nobody else holds it. */
  const own = new Set<Branch>();

  const branchOf = (path: Path): Map<string, unknown> => {
    const [table, ...names] = path;
    if ((result as unknown) === tables) result = { ...result };
    let branch = owned(result[table], own);
    result[table] = branch;
    for (const name of names.slice(0, -1)) {
      const next = owned(branch.get(name) as Branch | undefined, own);
      branch.set(name, next);
      branch = next;
    }
    return branch;
  };
  const get = (path: Path): unknown => leafOf(result, path);

  return {
    get,
    put: (path, leaf) => void branchOf(path).set(path[path.length - 1] ?? "", leaf),
    remove: (path) => {
      if (get(path) === undefined) return;
      branchOf(path).delete(path[path.length - 1] ?? "");
      for (let above = path.slice(0, -1); above.length > 1; above = above.slice(0, -1)) {
        const there = above as unknown as Path;
        if ((get(there) as Branch).size > 0) return;
        branchOf(there).delete(above[above.length - 1] ?? "");
      }
    },
    tables: () => result as unknown as T,
  };
}

/** @returns undefined where there is none */
export function leafOf(tables: object, [table, ...names]: Path): unknown {
  const root: unknown = (tables as Readonly<Record<string, Branch>>)[table];
  return names.reduce((at, name) => (at as Branch | undefined)?.get(name), root);
}

/** Each leaf with its path, in no order. */
export function* leavesOf(tables: object): Generator<readonly [Path, unknown]> {
  for (const [table, branch] of Object.entries(tables)) yield* leavesBelow([table], branch);
}

function* leavesBelow(above: readonly string[], branch: Branch): Generator<readonly [Path, unknown]> {
  for (const [name, next] of branch) {
    const path = [...above, name] as unknown as Path;
    if (next instanceof Map) yield* leavesBelow(path, next);
    else yield [path, next];
  }
}

function owned(branch: Branch | undefined, own: Set<Branch>): Map<string, unknown> {
  if (branch !== undefined && own.has(branch)) return branch as Map<string, unknown>;
  const copy = new Map(branch);
  own.add(copy);
  return copy;
}
