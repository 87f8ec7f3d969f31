/**
 * Which nodes of a directory are believed to be who they say: each has a tunnel address and a MAC of its own. Of two that say
 * the same the one stays that was there first, and this host before all.
 */
import type { Mac } from "../addr/mac.ts";
import { claimIndex, claims, isHost, type Named } from "./claim-index.ts";
import type { Complaint } from "./complaint.ts";
import type { AnyNode, Host, LocalNode } from "./known.ts";
import type { Memo } from "./memo.ts";
import { compareRevisions } from "./revision.ts";
import type { Entry } from "./state.ts";

export interface Admission {
  /** The node of that uid, if it is believed. Its name is one that no other has. */
  admitted(uid: string): Named | undefined;
  /** Of the tunnels of nodes that are believed. */
  readonly macs: Pick<ReadonlySet<Mac>, "has">;
  /** By uid: why a node is left out. */
  readonly refused: ReadonlyMap<string, Complaint>;
  /** By uid: nodes that are admitted under another name than their own. */
  readonly renamed: ReadonlyMap<string, Complaint>;
  /** Whatever network is asked about: somebody says to be this host. */
  readonly ours: readonly Complaint[];
}

/**
 * Thousands say nothing that another says, and need not be looked at: only the others are judged, oldest first.
 *
 * @param memo of the last time: nodes that are the same are the same objects
 */
export function admitNodes(
  nodes: ReadonlyMap<string, Entry<AnyNode>>,
  local: LocalNode,
  memo: Memo,
): Admission {
  const index = memo.gather("claims", nodes, undefined, claimIndex);
  const own = nodes.get(local.uid);
  const ours = own !== undefined && isHost(own) ? [...compareOwn(own, local)] : [];
  const judged = new Map<string, Named | undefined>([[local.uid, undefined]]);
  const refused = new Map<string, Complaint>();
  const renamed = new Map<string, Complaint>();
  const byVtep = new Map<string, Entry<Host>>();
  const byMac = new Map<string, Entry<Host>>();
  const byName = new Map<string, string>([[local.name, "this host"]]);
  const suspects = new Set([
    ...index.shared(),
    ...claims.flatMap((claim) => index.sayersOf(claim, local[claim])),
  ]);
  for (const entry of [...suspects].toSorted(byAge)) {
    const { uid, name, vtep, mac } = entry.record;
    if (uid === local.uid) continue;
    const complaint = rivalOfOurs(entry, local) ?? rival(entry, byVtep.get(vtep), byMac.get(mac));
    if (complaint !== undefined) {
      judged.set(uid, undefined);
      refused.set(uid, complaint);
      if (complaint.code === "node-vtep-ours" || complaint.code === "node-mac-ours") ours.push(complaint);
      continue;
    }
    byVtep.set(vtep, entry);
    byMac.set(mac, entry);
    const namesake = byName.get(name);
    if (namesake === undefined) {
      byName.set(name, uid);
      judged.set(uid, index.hosts.get(uid));
      continue;
    }
    renamed.set(uid, sharedName(entry, namesake));
    judged.set(
      uid,
      memo.each("renamed", entry, () => ({ entry, name: `${name} (${uid})` })),
    );
  }
  const admitted = (uid: string) => (judged.has(uid) ? judged.get(uid) : index.hosts.get(uid));
  const isTunnels = (mac: Mac) =>
    index.sayersOf("mac", mac).some(({ record }) => admitted(record.uid) !== undefined);
  return { admitted, macs: { has: isTunnels }, refused, renamed, ours };
}

/** Whose key is older; those of one transaction by their names. */
export function byAge(a: Entry<AnyNode>, b: Entry<AnyNode>): number {
  return compareRevisions(a.createRevision, b.createRevision) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

const leftOut = "it is left out";

const nameOf = ({ key, record }: Entry<Host>): string => `node ${record.name} (${key})`;

function rivalOfOurs(entry: Entry<Host>, local: LocalNode): Complaint | undefined {
  const { key, record } = entry;
  if (record.vtep === local.vtep)
    return {
      code: "node-vtep-ours",
      about: key,
      text: `${nameOf(entry)} says that its tunnel address is ${local.vtep}, which is this host's: ${leftOut}`,
      remedy: `If it is what this host was before, delete ${key}; otherwise give that host an address of its own.`,
    };
  if (record.mac !== local.mac) return undefined;
  return {
    code: "node-mac-ours",
    about: key,
    text: `${nameOf(entry)} says that its tunnel's MAC is ${local.mac}, which is this host's: ${leftOut}`,
    remedy: "Give one of the two another `vtepMac`.",
  };
}

function rival(
  entry: Entry<Host>,
  sameVtep: Entry<Host> | undefined,
  sameMac: Entry<Host> | undefined,
): Complaint | undefined {
  const { key, record } = entry;
  const whose = (other: Entry<Host>) => `${nameOf(other)}, which was there first`;
  if (sameVtep !== undefined)
    return {
      code: "node-vtep-taken",
      about: key,
      text: `${nameOf(entry)} says that its tunnel address is ${record.vtep}, as does ${whose(sameVtep)}: ${leftOut}`,
      remedy:
        "Delete the key of the one that is gone; if none is, give one of them another underlay address.",
    };
  if (sameMac === undefined) return undefined;
  return {
    code: "node-mac-taken",
    about: key,
    text: `${nameOf(entry)} says that its tunnel's MAC is ${record.mac}, as does ${whose(sameMac)}: ${leftOut}`,
    remedy: "Give one of the two another `vtepMac`, or delete the key of the one that is gone.",
  };
}

const sharedName = ({ key, record: { name, uid } }: Entry<Host>, other: string): Complaint => ({
  code: "node-name-taken",
  about: key,
  text: `node ${uid} is called ${name}, as ${other} is: here it is called "${name} (${uid})"`,
  remedy:
    "Give one of the two another host name and restart its agent, or delete the key of the one that is gone.",
});

function compareOwn({ key, record }: Entry<Host>, local: LocalNode): readonly Complaint[] {
  const said = `${record.name} at ${record.vtep} with ${record.mac}`;
  const is = `${local.name} at ${local.vtep} with ${local.mac}`;
  if (said === is) return [];
  return [
    {
      code: "own-record-differs",
      about: key,
      text: `the directory has this host as ${said}, but it is ${is}: others do not reach it`,
      remedy:
        "This host's agent writes it anew. If it changes again and again, two hosts have one machine-id: give the copy one of its own.",
    },
  ];
}
