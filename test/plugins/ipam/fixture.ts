/** Requests to the ipam as a runtime makes them, and a store to serve them from. */
import { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import {
  type AddRequest,
  type CheckRequest,
  type DelRequest,
  type GcRequest,
  parseRequest,
  type StatusRequest,
} from "../../../lib/cni/request.ts";
import type { Result } from "../../../lib/cni/result.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { IpamContext } from "../../../plugins/ipam/context.ts";
import { ipamAdd, ipamCheck, ipamDel, ipamGc, ipamStatus } from "../../../plugins/ipam/ipam.ts";
import { testFolder, testStore } from "../../lib/state/fixture.ts";

interface Requests {
  ADD: AddRequest;
  DEL: DelRequest;
  CHECK: CheckRequest;
  GC: GcRequest;
  STATUS: StatusRequest;
}

/** @param config keys beside cniVersion, name and type */
export function request<V extends keyof Requests>(
  verb: V,
  containerId: string,
  config: JsonObject,
  env: Readonly<Record<string, string>> = {},
): Requests[V] {
  const attachment =
    verb === "GC" || verb === "STATUS" ? {} : { CNI_CONTAINERID: containerId, CNI_IFNAME: "eth0" };
  const netns = verb === "DEL" ? {} : { CNI_NETNS: "/proc/self/ns/net" };
  const stdin = JSON.stringify({ cniVersion: "1.1.0", name: "net", type: "bridge", ...config });
  return parseRequest({ CNI_COMMAND: verb, ...attachment, ...netns, ...env }, stdin) as CniRequestOf<V>;
}
type CniRequestOf<V extends keyof Requests> = Requests[V];

export interface Ipam {
  readonly store: Store;
  readonly warnings: string[];
  /** Milliseconds; set it to go on in time. */
  now: number;
  add(containerId: string, config?: JsonObject, env?: Readonly<Record<string, string>>): Result;
  /** Addresses given, or the code of the error. */
  try(
    containerId: string,
    config?: JsonObject,
    env?: Readonly<Record<string, string>>,
  ): readonly string[] | number;
  del(containerId: string, config?: JsonObject): void;
  check(containerId: string, ips: readonly string[], config?: JsonObject): void;
  gc(valid: readonly string[] | null | undefined, config?: JsonObject): void;
  status(config?: JsonObject): void;
}

/** @param base the `ipam` object unless a call brings its own */
export function ipamFor(
  base: JsonObject,
  over: Partial<IpamContext> & { readonly bootId?: string; readonly dataDir?: string } = {},
): Ipam {
  const warnings: string[] = [];
  const self = { now: 1_000_000 };
  const { bootId = "boot-1", dataDir = testFolder() } = over;
  const store = testStore({ dataDir, bootId, now: () => self.now });
  const context: IpamContext = { log: { warn: (text) => warnings.push(text) }, now: () => self.now, ...over };
  const whole = (config: JsonObject): JsonObject => ({ ipam: { type: "ipam", ...base }, ...config });
  const add: Ipam["add"] = (id, config = {}, env = {}) => {
    self.now++;
    return ipamAdd(request("ADD", id, whole(config), env), store, context);
  };
  return Object.assign(self, {
    store,
    warnings,
    add,
    try: (id: string, config: JsonObject = {}, env: Readonly<Record<string, string>> = {}) => {
      try {
        return add(id, config, env).ips.map((entry) => entry.address);
      } catch (error) {
        if (error instanceof CniError) return error.code;
        throw error;
      }
    },
    del: (id: string, config: JsonObject = {}) => ipamDel(request("DEL", id, whole(config)), store, context),
    check: (id: string, ips: readonly string[], config: JsonObject = {}) => {
      const prevResult = { cniVersion: "1.1.0", ips: ips.map((address) => ({ address })) };
      ipamCheck(request("CHECK", id, { prevResult, ...whole(config) }), store, context);
    },
    gc: (valid: readonly string[] | null | undefined, config: JsonObject = {}) => {
      const list = valid?.map((containerID) => ({ containerID, ifname: "eth0" })) ?? valid;
      const key = valid === undefined ? {} : { "cni.dev/valid-attachments": list };
      ipamGc(request("GC", "", { ...key, ...whole(config) }), store, context);
    },
    status: (config: JsonObject = {}) => ipamStatus(request("STATUS", "", whole(config)), store, context),
  });
}
