/** What nodes say of themselves and each should have alone: a tunnel address, its MAC, a name. */
import type { AnyNode, Host } from "./known.ts";
import type { Gathering } from "./memo.ts";
import type { Entry } from "./state.ts";

export const claims = ["vtep", "mac", "name"] as const;

export interface ClaimIndex extends Gathering<Entry<AnyNode>> {
  /** Nodes that are on the underlay, by uid. */
  readonly hosts: ReadonlyMap<string, Named>;
  /** All of them that say something which another says, too. */
  shared(): readonly Entry<Host>[];
  sayersOf(claim: (typeof claims)[number], value: string): readonly Entry<Host>[];
}

/** A node, and what it is called here. */
export interface Named {
  readonly entry: Entry<Host>;
  readonly name: string;
}

export function claimIndex(): ClaimIndex {
  const hosts = new Map<string, Named>();
  type Sayers = Entry<Host> | Set<Entry<Host>>;
  const said = {
    vtep: new Map<string, Sayers>(),
    mac: new Map<string, Sayers>(),
    name: new Map<string, Sayers>(),
  };
  const groups = new Set<Set<Entry<Host>>>();
  return {
    hosts,
    put(entry) {
      if (!isHost(entry)) return;
      const { record } = entry;
      hosts.set(record.uid, { entry, name: record.name });
      for (const claim of claims) {
        const sayers = said[claim];
        const others = sayers.get(record[claim]);
        if (others === undefined) sayers.set(record[claim], entry);
        else if (others instanceof Set) others.add(entry);
        else {
          const group = new Set([others, entry]);
          sayers.set(record[claim], group);
          groups.add(group);
        }
      }
    },
    remove(entry) {
      if (!isHost(entry)) return;
      const { record } = entry;
      hosts.delete(record.uid);
      for (const claim of claims) {
        const sayers = said[claim];
        const all = sayers.get(record[claim]);
        if (!(all instanceof Set)) sayers.delete(record[claim]);
        else {
          all.delete(entry);
          const [one] = all;
          if (all.size > 1 || one === undefined) continue;
          groups.delete(all);
          sayers.set(record[claim], one);
        }
      }
    },
    shared: () => [...groups].flatMap((group) => [...group]),
    sayersOf(claim, value) {
      const found = said[claim].get(value);
      return found === undefined ? [] : found instanceof Set ? [...found] : [found];
    },
  };
}

export const isHost = (entry: Entry<AnyNode>): entry is Entry<Host> =>
  entry.record.vtep !== undefined && entry.record.mac !== undefined;
