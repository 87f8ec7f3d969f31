/**
 * What is known of a directory in etcd: made of a listing, carried on by events, never changed in place.
 *
 * A value that cannot be read is a fault, not a deletion: what its key said before stays.
 */
import { type Garbage, garbage, isGarbage } from "./garbage.ts";
import { compareRevisions, type Revision } from "./revision.ts";
import { type Editor, edit, leafOf, type Path } from "./tree.ts";

/** A key with its value as the store has them. */
export interface Stored {
  readonly key: string;
  readonly value: string;
  /** Since when the key exists. */
  readonly createRevision: Revision;
  /** Of this value. */
  readonly modRevision: Revision;
  /** Key or value are no text. */
  readonly garbled?: boolean;
}

/** All keys of the directory at one revision. */
export interface Listing {
  readonly kvs: readonly Stored[];
  readonly revision: Revision;
}

export type DirectoryEvent =
  | { readonly kind: "put"; readonly kv: Stored }
  | { readonly kind: "delete"; readonly key: string; readonly modRevision: Revision };

export interface Entry<R> {
  readonly key: string;
  readonly record: R;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

/** A key or a value that cannot be read. */
export interface Fault extends Garbage {
  readonly key: string;
  /** Of the bad value. */
  readonly modRevision: Revision;
  /** What the key said before stands. */
  readonly kept: boolean;
}

export interface State<T> {
  /** The directory's when it was listed, or of the last event. */
  readonly revision: Revision;
  readonly tables: T;
  /** By key. */
  readonly faults: ReadonlyMap<string, Fault>;
}

/** How the keys and values of a kind of directory are read. */
export interface Layout<T> {
  readonly empty: T;
  /** Tables that say who is there now, and come and go: losing them takes nothing from anybody. */
  readonly volatile: readonly string[];
  /** @returns undefined for keys of others */
  locate(key: string): Place | Garbage | undefined;
}

/** Where a key belongs. */
export interface Place {
  readonly path: Path;
  parse(value: string): object;
}

export function emptyState<T extends object>(layout: Layout<T>): State<T> {
  return { revision: "0", tables: layout.empty, faults: new Map() };
}

/** @param before what unreadable values said until now, and values that need not be read again */
export function listedState<T extends object>(
  layout: Layout<T>,
  { kvs, revision }: Listing,
  before: State<T> = emptyState(layout),
): State<T> {
  const draft = openDraft(layout, emptyState(layout));
  for (const stored of kvs) putInto(draft, stored, (path) => entryAt(before, path));
  return { revision, tables: draft.editor.tables(), faults: draft.faults() };
}

/**
 * Events that the state holds already change nothing, so a watch may begin anywhere before its end.
 *
 * @param events in the order of their revisions
 */
export function applyEvents<T extends object>(
  layout: Layout<T>,
  state: State<T>,
  events: readonly DirectoryEvent[],
): State<T> {
  const draft = openDraft(layout, state);
  let { revision } = state;
  for (const event of events) {
    const { modRevision } = event.kind === "put" ? event.kv : event;
    // Several events may share a revision, and come in several batches.
    if (compareRevisions(modRevision, state.revision) < 0) continue;
    if (compareRevisions(modRevision, revision) > 0) revision = modRevision;
    if (event.kind === "delete") removeFrom(draft, event);
    else putInto(draft, event.kv, (path) => draft.editor.get(path) as Entry<object> | undefined);
  }
  const tables = draft.editor.tables();
  const faults = draft.faults();
  if (revision === state.revision && tables === state.tables && faults === state.faults) return state;
  return { revision, tables, faults };
}

/** What the state says at a place. */
export function entryAt<T extends object>(state: State<T>, path: Path): Entry<object> | undefined {
  return leafOf(state.tables, path) as Entry<object> | undefined;
}

interface Draft<T extends object> {
  readonly layout: Layout<T>;
  readonly editor: Editor<T>;
  readonly faults: () => ReadonlyMap<string, Fault>;
  readonly setFault: (key: string, fault: Fault | undefined) => void;
}

function openDraft<T extends object>(layout: Layout<T>, state: State<T>): Draft<T> {
  let changed: Map<string, Fault> | undefined;
  return {
    layout,
    editor: edit(state.tables),
    faults: () => changed ?? state.faults,
    setFault: (key, fault) => {
      if (fault === undefined && !(changed ?? state.faults).has(key)) return;
      changed ??= new Map(state.faults);
      if (fault === undefined) changed.delete(key);
      else changed.set(key, fault);
    },
  };
}

function putInto<T extends object>(
  { layout, editor, setFault }: Draft<T>,
  { key, value, createRevision, modRevision, garbled }: Stored,
  before: (path: Path) => Entry<object> | undefined,
): void {
  const place = layout.locate(key);
  if (place === undefined) return;
  if (isGarbage(place)) {
    setFault(key, { ...place, key, modRevision, kept: false });
    return;
  }
  const { path, parse } = place;
  const old = before(path);
  const isOld = old?.modRevision === modRevision && old.createRevision === createRevision;
  const record = garbled ? garbage("it is not UTF-8 text") : isOld ? old.record : parse(value);
  if (isGarbage(record)) {
    setFault(key, { ...record, key, modRevision, kept: old !== undefined });
    if (old !== undefined) editor.put(path, old);
  } else {
    setFault(key, undefined);
    editor.put(path, isOld ? old : { key, record, createRevision, modRevision });
  }
}

function removeFrom<T extends object>(
  { layout, editor, setFault }: Draft<T>,
  { key }: { readonly key: string },
): void {
  const place = layout.locate(key);
  if (place === undefined) return;
  setFault(key, undefined);
  if (!isGarbage(place)) editor.remove(place.path);
}
