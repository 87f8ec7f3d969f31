/** Makes other hosts of an overlay network reachable, and those that are gone not: only what differs is written. */
import type { Connected, Remotes } from "../../backend.ts";
import { absent, type Difference, surplus } from "../../model/compare.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { Request } from "../../netlink/message.ts";
import type { ErrnoName } from "../../os/errno.ts";
import { isErrno } from "../../os/error.ts";
import { encodeDelete, encodeEnsure, formatElement } from "../layout/element-requests.ts";
import type { Machine } from "../machine.ts";
import { diffRows, type RowChanges } from "./diff-rows.ts";
import { linksOf, readRows } from "./read-rows.ts";
import { rowsOf } from "./rows.ts";

type Kernel = Pick<Machine, "host" | "rules">;

/** @returns undefined where bridge or tunnel are missing: they come with the first container */
export function connectPeers(
  kernel: Kernel,
  vswitch: OverlaySwitch,
  remotes: Remotes,
): Connected | undefined {
  const changes = changesFor(kernel, vswitch, remotes);
  if (changes === undefined) return undefined;
  const { accept, write, remove, refuse } = changes;
  const { host, rules } = kernel;
  const failures = [
    ...attempt(() => rules.transaction(encodeEnsure(accept))),
    ...send(host, write, []),
    // Routes go with their next hop, rows with their link.
    ...send(host, remove, ["ENOENT", "ESRCH", "ENODEV", "EADDRNOTAVAIL"]),
    ...attempt(() => rules.transaction(encodeDelete(refuse)), ["ENOENT"]),
  ];
  return { written: accept.length + write.length, removed: remove.length + refuse.length, failures };
}

/** What differs, in the words of `ip` and `nft`. @returns undefined where bridge or tunnel are missing */
export function comparePeers(
  kernel: Kernel,
  vswitch: OverlaySwitch,
  remotes: Remotes,
): readonly Difference[] | undefined {
  const changes = changesFor(kernel, vswitch, remotes);
  if (changes === undefined) return undefined;
  const { accept, write, remove, refuse } = changes;
  return [
    ...accept.map(formatElement).flatMap(absent),
    ...write.map(rowOf).flatMap(absent),
    ...remove.map(rowOf).flatMap(surplus),
    ...refuse.map(formatElement).flatMap(surplus),
  ];
}

/** The row without what is to be done with it. */
const rowOf = ({ title }: Request): string => title.replace(/ (replace|append|del) /, " ");

function changesFor(kernel: Kernel, vswitch: OverlaySwitch, { peers, own }: Remotes): RowChanges | undefined {
  const links = linksOf(kernel, vswitch);
  if (links === undefined) return undefined;
  return diffRows(vswitch, links, rowsOf(vswitch, peers, own), readRows(kernel, vswitch, links));
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
