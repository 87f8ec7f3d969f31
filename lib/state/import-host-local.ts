/**
 * Takes over the leases of the reference plugin host-local: a folder with one file per address, named by it (":" is "_"
 * on Windows), holding the container id and, since its version 0.8, the interface name on a line of its own.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Ip, parseIp } from "../addr/ip.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { ownerKey } from "../model/owner.ts";
import type { LeaseOwner } from "./rows.ts";
import type { Store } from "./store.ts";

export interface ImportSource {
  /** The folder with one file per address. */
  readonly folder: string;
  readonly network: string;
  /** Name taken where a file names no interface. */
  readonly defaultIfname?: string;
}

export interface ImportReport {
  readonly imported: number;
  /** Of them, those whose file is empty: taken, but nobody knows by whom. */
  readonly unknown: number;
  /** Leases that were there already, of the same container. */
  readonly known: number;
  /** Files passed over and leases refused, each with why. */
  readonly skipped: readonly string[];
}

/**
 * May run again, and while host-local is still in use. All or nothing: what cannot be read is reported, not guessed.
 *
 * host-local knows no compartments, so these leases are never taken for abandoned; DEL, GC and a reboot free them.
 *
 * @throws {CniError} 5 when the folder cannot be read, and as `Store.transaction` does
 */
export function importHostLocal(source: ImportSource, store: Store): ImportReport {
  const names = fileNames(source.folder);
  return store.transaction(() => {
    const skipped: string[] = [];
    const counts = { imported: 0, unknown: 0, known: 0 };
    for (const name of names) {
      const address = parseIp(name.replaceAll("_", ":"));
      if (address === undefined) {
        if (!isBookkeeping(name)) skipped.push(`${name}: its name is no address`);
        continue;
      }
      const owner = readOwner(join(source.folder, name), source);
      const problem = typeof owner === "string" ? owner : take(store, owner, address, counts);
      if (problem !== undefined) skipped.push(`${name}: ${problem}`);
    }
    return { ...counts, skipped };
  });
}

/** `lock` and `last_reserved_ip.0`. */
const isBookkeeping = (name: string): boolean => name === "lock" || name.startsWith("last_reserved_ip");

/** @returns why not, or undefined */
function take(
  store: Store,
  owner: LeaseOwner,
  address: Ip,
  counts: { imported: number; unknown: number; known: number },
): string | undefined {
  const holder = store.leases.holder(owner.network, address);
  if (holder !== undefined && holder.key !== owner.key)
    return `leased to ${holder.containerId}/${holder.ifname} already, the file says ${owner.containerId}/${owner.ifname}`;
  if (holder === undefined) store.leases.take(owner, address);
  counts[holder === undefined ? "imported" : "known"]++;
  if (holder === undefined && owner.containerId === unknownHolder) counts.unknown++;
  return undefined;
}

/** @returns the owner, or what is wrong with the file */
function readOwner(path: string, { network, defaultIfname = "eth0" }: ImportSource): LeaseOwner | string {
  if (!statSync(path).isFile()) return "no ordinary file";
  const [containerId = "", ifname = ""] = readFileSync(path, "utf8")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const owner =
    containerId === ""
      ? { network, containerId: unknownHolder, ifname: basename(path) }
      : { network, containerId, ifname: ifname || defaultIfname };
  return { ...owner, key: ownerKey(owner), netns: "" };
}

/**
 * A crash of host-local leaves empty files (containernetworking/plugins#498). Nobody knows whose the address is, so it
 * stays taken until GC or a reboot says that it is not needed.
 */
const unknownHolder = "unknown";

function fileNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new CniError(errorCode.ioFailure, `cannot read folder ${folder} (${String(code)})`, {
      reason: "import-unreadable",
      details: "name the folder with one file per address, such as /var/lib/cni/networks/NETWORK",
      cause,
    });
  }
}
