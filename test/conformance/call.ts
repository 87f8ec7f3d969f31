/** The environment and standard input of one call, as libcni makes them. */
import type { Namespace } from "../system/namespaces.ts";
import type { JsonObject } from "./json.ts";
import type { Target } from "./target.ts";

export type Verb = "ADD" | "DEL" | "CHECK" | "GC" | "STATUS" | "VERSION";

/** What an attachment is known by, and how it is asked for. */
export interface Key {
  readonly id: string;
  readonly ifname: string;
  readonly ns: Namespace;
  /** CNI_NETNS: another path of `ns` in some scenarios. */
  readonly netns: string;
  readonly network: string;
  readonly version: string;
  /** Laid over the target's configuration. */
  readonly config: JsonObject;
  readonly args: string;
  readonly runtimeConfig: JsonObject | undefined;
  /** Addresses and routes are a guest's: the compartment's stack must have none. */
  readonly ofGuest: boolean;
  readonly result?: JsonObject;
}

export interface KeyOptions {
  readonly id?: string;
  readonly ifname?: string;
  readonly ns?: Namespace;
  readonly netns?: string;
  readonly network?: string;
  readonly version?: string;
  readonly config?: JsonObject;
  readonly args?: string;
  readonly runtimeConfig?: JsonObject;
}

/** The CNI variables; all five are set for every verb, empty where they do not apply, as libcni does. */
export function environmentOf(
  target: Target,
  key: Key,
  change: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...target.env,
    CNI_CONTAINERID: key.id,
    CNI_NETNS: key.netns,
    CNI_IFNAME: key.ifname,
    CNI_ARGS: key.args,
    CNI_PATH: target.cniPath.join(":"),
    ...change,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The configuration with name, version, runtimeConfig and prevResult put in. */
export function requestOf(
  target: Target,
  verb: string,
  key: Key,
  change: Readonly<Record<string, unknown>>,
  prevResult: unknown,
): JsonObject {
  const cached = (verb === "CHECK" || verb === "DEL") && key.version >= "0.4.0" ? key.result : undefined;
  const previous = prevResult === undefined ? cached : (prevResult ?? undefined);
  return {
    cniVersion: key.version,
    name: key.network,
    ...target.config,
    ...key.config,
    ...(key.runtimeConfig === undefined ? {} : { runtimeConfig: key.runtimeConfig }),
    ...(previous === undefined ? {} : { prevResult: previous }),
    ...change,
  };
}
