/**
 * Whether a listing is believed. One that lost much at once, cannot be read, or is of the past, may come of a store that
 * was emptied, a wrong prefix or a member that lags: what it no longer has is not deleted before another listing agrees.
 */
import type { Complaint, ComplaintCode } from "./complaint.ts";
import { compareRevisions } from "./revision.ts";
import { type Entry, entryAt, type Layout, type Listing, listedState, type State } from "./state.ts";
import { edit, leavesOf, type Path } from "./tree.ts";

/** Why a listing is not believed, for the next one. */
export interface Doubt {
  readonly complaints: readonly Complaint[];
  /** What it no longer had, and is kept: paths, joined by slashes. */
  readonly missing: ReadonlySet<string>;
}

export interface Judgement<T> {
  /** What is to be gone by: new and changed values are in it in any case. */
  readonly state: State<T>;
  /** Ask for another listing, and judge that by this. Absent: all is as the listing says. */
  readonly doubt?: Doubt;
}

/** Whether so few are left that somebody should be asked again first. */
export const hasShrunk = (before: number, after: number): boolean => after * 2 < before;

/**
 * @param before what was gone by until now
 * @param doubt of the listing before this one: what that one missed too is deleted
 */
export function judgeListing<T extends object>(
  layout: Layout<T>,
  before: State<T>,
  listing: Listing,
  doubt?: Doubt,
): Judgement<T> {
  const after = listedState(layout, listing, before);
  const missing = leaves(layout, before).filter(([path]) => entryAt(after, path) === undefined);
  const unconfirmed = missing.filter(([path]) => !doubt?.missing.has(path.join("/")));
  const isOlder = compareRevisions(after.revision, before.revision) < 0;
  const complaints = [
    ...findShrunk(layout, before, after, doubt?.missing ?? new Set()),
    ...findBad(before, after),
    ...(isOlder ? [complain("listing-older", "revision", after, `is older than ${before.revision}`)] : []),
  ];
  if (complaints.length === 0 || (unconfirmed.length === 0 && !isOlder)) return { state: after };
  const standing = isOlder ? leaves(layout, before) : unconfirmed;
  const state = held(after, standing);
  const withheld = isOlder ? missing : unconfirmed;
  return { state, doubt: { complaints, missing: new Set(withheld.map(([path]) => path.join("/"))) } };
}

type Leaf = readonly [Path, Entry<object>];

const leaves = <T extends object>(layout: Layout<T>, { tables }: State<T>): readonly Leaf[] =>
  ([...leavesOf(tables)] as readonly Leaf[]).filter(([[table]]) => !layout.volatile.includes(table));

/** The new state with those that it misses, or has in an older form. */
function held<T extends object>(after: State<T>, known: readonly Leaf[]): State<T> {
  const editor = edit(after.tables);
  for (const [path, entry] of known) {
    const listed = entryAt(after, path);
    if (listed === undefined || compareRevisions(entry.modRevision, listed.modRevision) > 0)
      editor.put(path, entry);
  }
  return { ...after, tables: editor.tables() };
}

/** Tables of which it has less than half of what was known: as many others in its place are another directory. */
function findShrunk<T extends object>(
  layout: Layout<T>,
  before: State<T>,
  after: State<T>,
  confirmed: ReadonlySet<string>,
): readonly Complaint[] {
  const known = leaves(layout, before).filter(([path]) => !confirmed.has(path.join("/")));
  // What stands only because its new value is garbage was not listed.
  const listed = known.filter(([path, { key }]) => entryAt(after, path) && !after.faults.has(key));
  const counts = countByTable(listed);
  return [...countByTable(known)].flatMap(([table, was]) => {
    const is = counts.get(table) ?? 0;
    return hasShrunk(was, is)
      ? [complain("listing-shrank", table, after, `has ${is} of ${was} ${table}`)]
      : [];
  });
}

/** Bad values that were not known before. */
function findBad<T extends object>(before: State<T>, after: State<T>): readonly Complaint[] {
  const bad = [...after.faults.values()].filter(
    ({ key, modRevision }) => before.faults.get(key)?.modRevision !== modRevision,
  );
  const [first] = bad;
  if (first === undefined) return [];
  const what = `has ${bad.length} of its keys in a form that cannot be read, ${first.key} first`;
  return [complain("listing-garbage", first.key, after, what)];
}

function countByTable(all: readonly Leaf[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [[table]] of all) counts.set(table, (counts.get(table) ?? 0) + 1);
  return counts;
}

const complain = (
  code: ComplaintCode,
  about: string,
  { revision }: { readonly revision: string },
  what: string,
): Complaint => ({
  code,
  about,
  text: `the directory's listing of revision ${revision} ${what}: it deletes nothing before another one agrees`,
  remedy:
    "None, when the next listing settles it; otherwise look at the store, and at the prefix of its keys.",
});
