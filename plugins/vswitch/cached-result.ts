/**
 * What the whole chain of an attachment came to, as the runtimes' own library remembers it: a later plugin (`tuning`)
 * may have changed the MAC, the MTU or routes on purpose, which is no drift.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseResult } from "../../lib/cni/parse-result.ts";
import { isObject } from "../../lib/cni/read.ts";
import type { Result } from "../../lib/cni/result.ts";
import { parseVersion } from "../../lib/cni/version.ts";
import type { Owner } from "../../lib/model/owner.ts";

/**
 * @param folder libcni's, with one file per attachment
 * @param sinceMs an entry older than this (the boot of the host) says nothing about now
 * @returns undefined when there is none that can be read
 */
export function cachedResult(folder: string, owner: Owner, sinceMs: number): Result | undefined {
  const file = join(folder, `${owner.network}-${owner.containerId}-${owner.ifname}`);
  try {
    if (statSync(file).mtimeMs < sinceMs) return undefined;
    const entry: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (!isObject(entry) || !isObject(entry.result)) return undefined;
    return parseResult(entry.result, parseVersion(entry.result.cniVersion), "result");
  } catch {
    return undefined;
  }
}
