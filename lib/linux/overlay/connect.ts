/** Makes other hosts of an overlay network reachable, and those that are gone not: only what differs is written. */
import { ipFamily } from "../../addr/ip.ts";
import { absent, type Difference, surplus } from "../../model/compare.ts";
import type { Peer } from "../../model/peer.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import { vxlanOverhead } from "../../model/vtep.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { Request } from "../../netlink/message.ts";
import type { ErrnoName } from "../../os/errno.ts";
import { isErrno } from "../../os/error.ts";
import type { Connected, Reaching, Remotes } from "../../seam/backend.ts";
import { encodeDelete, encodeEnsure, formatElement } from "../layout/element-requests.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { diffRows, type RowChanges } from "./diff-rows.ts";
import {
  foundOf,
  freshReached,
  type Memory,
  note,
  type Reached,
  type StepOfRows,
  stepFrom,
} from "./reached.ts";
import { linksOf, readRows } from "./read-rows.ts";
import { elsewhere, rowsOf } from "./rows.ts";

type Kernel = Pick<Machine, "host" | "rules">;

/**
 * @param memory of what was written; absent: none is kept
 * @returns undefined where bridge or tunnel are missing: they come with the first container
 */
export function connectPeers(
  kernel: Kernel,
  vswitch: OverlaySwitch,
  remotes: Remotes,
  { trusting = false, keeping = false }: Reaching = {},
  memory?: Memory,
): Connected | undefined {
  const { network } = vswitch;
  const known = trusting ? memory?.get(network) : undefined;
  const peers = peersOf(kernel, vswitch, remotes);
  const work = (known && changesSince(known, vswitch, peers)) ?? allChanges(kernel, vswitch, peers);
  memory?.delete(network);
  if (work === undefined) return undefined;
  const { reached, step, changes } = work;
  const stale = changes.remove.length + changes.refuse.length;
  const { accept, write, remove, refuse, ids } = keeping ? { ...changes, ...nothingGoes } : changes;
  const { host, rules } = kernel;
  const failures = [
    ...attempt(() => rules.transaction(encodeEnsure(accept))),
    ...send(host, write, []),
    // Routes go with their next hop, rows with their link.
    ...send(host, remove, ["ENOENT", "ESRCH", "ENODEV", "EADDRNOTAVAIL"]),
    ...attempt(() => rules.transaction(encodeDelete(refuse)), ["ENOENT"]),
  ];
  if (memory !== undefined && failures.length === 0 && !(keeping && stale > 0)) {
    note(reached, step, ids);
    memory.set(network, reached);
  }
  return { written: accept.length + write.length, removed: remove.length + refuse.length, failures };
}

const nothingGoes = { remove: [], refuse: [] } as const;

/** What differs, in the words of `ip` and `nft`. @returns undefined where bridge or tunnel are missing */
export function comparePeers(
  kernel: Kernel,
  vswitch: OverlaySwitch,
  remotes: Remotes,
): readonly Difference[] | undefined {
  const found = allChanges(kernel, vswitch, peersOf(kernel, vswitch, remotes));
  if (found === undefined) return undefined;
  const { accept, write, remove, refuse } = found.changes;
  return [
    ...accept.map(formatElement).flatMap(absent),
    ...write.map(rowOf).flatMap(absent),
    ...remove.map(rowOf).flatMap(surplus),
    ...refuse.map(formatElement).flatMap(surplus),
  ];
}

/** Those on other hosts; where the underlay carries less than the network was made for, routes to them say so. */
function peersOf({ host }: Kernel, vswitch: OverlaySwitch, remotes: Remotes): readonly Peer[] {
  const { tunnel, mtu } = vswitch;
  const peers = elsewhere(vswitch, remotes);
  const uplink = linkOf(host, tunnel.uplink);
  const room = uplink === undefined ? mtu : uplink.mtu - vxlanOverhead[ipFamily(tunnel.vtep)];
  return room >= mtu ? peers : peers.map((peer) => ({ ...peer, mtu: Math.min(peer.mtu ?? room, room) }));
}

/** The row without what is to be done with it. */
const rowOf = ({ title }: Request): string => title.replace(/ (replace|append|del) /, " ");

interface Work {
  readonly reached: Reached;
  readonly step: StepOfRows;
  readonly changes: RowChanges;
}

function allChanges(kernel: Kernel, vswitch: OverlaySwitch, peers: readonly Peer[]): Work | undefined {
  const links = linksOf(kernel, vswitch);
  if (links === undefined) return undefined;
  const found = readRows(kernel, vswitch, links);
  const taken = found.nexthops.map(({ id }) => id);
  const rowsAfter = rowsOf(vswitch, peers);
  return {
    reached: freshReached(links, vswitch, taken),
    step: { before: [], after: peers, rowsBefore: rowsOf(vswitch, []), rowsAfter },
    changes: diffRows(vswitch, links, rowsAfter, found),
  };
}

/** Without a look at the kernel. @returns undefined when nothing is known of it */
function changesSince(reached: Reached, vswitch: OverlaySwitch, peers: readonly Peer[]): Work | undefined {
  const step = reached.terms === JSON.stringify(vswitch) ? stepFrom(reached, peers) : undefined;
  if (step === undefined) return undefined;
  const rowsBefore = rowsOf(vswitch, step.before);
  const rowsAfter = rowsOf(vswitch, step.after);
  const found = foundOf(reached, vswitch, rowsBefore);
  const changes = diffRows(vswitch, reached.links, rowsAfter, found);
  return { reached, step: { ...step, rowsBefore, rowsAfter }, changes };
}

function send(
  host: Kernel["host"],
  requests: readonly Request[],
  accept: readonly ErrnoName[],
): readonly Error[] {
  if (requests.length === 0) return [];
  return host
    .requests(requests)
    .filter((outcome) => outcome instanceof NetlinkError)
    .filter((failure) => !isErrno(failure, ...accept));
}

function attempt(fn: () => void, accept: readonly ErrnoName[] = []): readonly Error[] {
  try {
    fn();
    return [];
  } catch (error) {
    if (isErrno(error, ...accept)) return [];
    return [error instanceof Error ? error : new Error(String(error))];
  }
}
