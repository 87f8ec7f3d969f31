/** Which directory an administrator speaks to: named, out of a configuration, or that of this host's networks. */
import { readFileSync } from "node:fs";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { parseJsonObject } from "../../../lib/cni/json.ts";
import { foldObject } from "../../../lib/cni/keys.ts";
import { type Issue, isObject, throwIssues } from "../../../lib/cni/read.ts";
import type { EtcdAccess } from "../../../lib/directory/config.ts";
import { accessShape, defaultRoot, type RawAccess, readAccess } from "../../../lib/directory/read-access.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import { type CommonOptions, dataDirOption, jsonOption } from "../options.ts";
import { UsageError } from "../terminal.ts";

export const clusterOptions = {
  json: jsonOption,
  "data-dir": dataDirOption,
  endpoints: {
    type: "string",
    array: true,
    requiresArg: true,
    describe: "Members of etcd, such as http://10.0.0.5:2379",
  },
  prefix: {
    type: "string",
    requiresArg: true,
    describe: `What its keys begin with (${defaultRoot} beside --endpoints)`,
  },
  conf: { type: "string", requiresArg: true, describe: "A network's configuration that names the directory" },
} as const;

export interface ClusterOptions extends CommonOptions {
  readonly endpoints: string[] | undefined;
  readonly prefix: string | undefined;
  readonly conf: string | undefined;
}

/** @throws {UsageError} where none is known, or several are @throws {CniError} 6, 7 */
export function chooseAccess(
  options: Omit<ClusterOptions, keyof CommonOptions>,
  store: () => Store,
): EtcdAccess {
  const { endpoints = [], prefix, conf } = options;
  if (endpoints.length > 0) {
    const issues: Issue[] = [];
    const access = readAccess(
      { endpoints: endpoints.flatMap((each) => each.split(",")) },
      "--",
      prefix ?? defaultRoot,
      issues,
    );
    throwIssues(issues);
    return access;
  }
  const known = conf === undefined ? ofState(store()) : ofConfiguration(readFileSync(conf, "utf8"), conf);
  const all = new Map(known.map((access) => [JSON.stringify(access), access]));
  const fitting = [...all.values()].filter((access) => prefix === undefined || access.prefix === prefix);
  const [access, ...more] = fitting;
  if (access === undefined)
    throw new UsageError(
      `${conf ?? "no network of this host"} names ${conf === undefined ? "a" : "no"} directory in etcd: say --endpoints, or --conf`,
    );
  if (more.length === 0) return access;
  const texts = fitting.map((each) => `${each.endpoints.join(",")} ${each.prefix}`).join("; ");
  throw new UsageError(`there are several directories, say which by --endpoints and --prefix: ${texts}`);
}

/** Where networks of this host learn of others, and where their addresses come from. */
function ofState(store: Store): readonly EtcdAccess[] {
  const ofNetworks = store.networks.list().flatMap(({ spec }) => {
    const directory = (spec as NetworkSpec).directory?.access;
    return directory?.type === "etcd" ? [withoutType(directory)] : [];
  });
  return [...ofNetworks, ...store.pools.list().map(({ spec }) => (spec as Pool).access)];
}

function withoutType({ type: _, ...access }: EtcdAccess & { readonly type: string }): EtcdAccess {
  return access;
}

/** Of a list of plugins, or of one. */
function ofConfiguration(text: string, path: string): readonly EtcdAccess[] {
  const whole = parseJsonObject(text, path);
  const plugins = Array.isArray(whole.plugins) ? whole.plugins : [whole];
  return plugins.filter(isObject).flatMap(({ directory, ipam }) => {
    const named = [
      isObject(directory) && directory.type === "etcd" ? directory : undefined,
      isObject(ipam) && ipam.store === "etcd" ? ipam : undefined,
    ];
    return named.filter(isObject).map((object) => {
      const issues: Issue[] = [];
      const access = readAccess(foldObject(object, accessShape) as RawAccess, path, defaultRoot, issues);
      throwIssues(issues);
      return access;
    });
  });
}
