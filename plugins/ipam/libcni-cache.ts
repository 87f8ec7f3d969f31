/**
 * Addresses in use as the runtimes' own library remembers them: libcni keeps the result of every attachment in a file
 * until DEL. Read only when our state file is lost, so that no address of a living container is given out again.
 */
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { parseResult } from "../../lib/cni/parse-result.ts";
import { isObject } from "../../lib/cni/read.ts";
import { parseVersion } from "../../lib/cni/version.ts";
import { ownerKey } from "../../lib/model/owner.ts";
import { nodeFs } from "../../lib/os/file.ts";
import type { RecoveredLease } from "../../lib/state/rows.ts";

/** Where libcni has them unless a runtime says otherwise. */
export const libcniCache = "/var/lib/cni/results";

/** @param sinceMs entries older than this (the boot of the host) say nothing about now */
export function cachedLeases(folder: string, sinceMs: number): readonly RecoveredLease[] {
  const { readFileSync, statSync } = nodeFs();
  return fileNames(folder).flatMap((name) => {
    try {
      const path = `${folder}/${name}`;
      return statSync(path).mtimeMs < sinceMs ? [] : parseEntry(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      // One that cannot be read is none; runtimes leave odd files there.
      return [];
    }
  });
}

function fileNames(folder: string): readonly string[] {
  try {
    return nodeFs().readdirSync(folder);
  } catch {
    return [];
  }
}

function parseEntry(entry: unknown): readonly RecoveredLease[] {
  if (!isObject(entry) || !isObject(entry.result)) return [];
  const { networkName: network, containerId, ifName: ifname, netns } = entry;
  if (typeof network !== "string" || typeof containerId !== "string" || typeof ifname !== "string") return [];
  const owner = { network, containerId, ifname };
  const result = parseResult(entry.result, parseVersion(entry.result.cniVersion), "result");
  return result.ips.map(({ address }) => ({
    ...owner,
    key: ownerKey(owner),
    netns: typeof netns === "string" ? netns : "",
    address: prefixAddress(address),
  }));
}
