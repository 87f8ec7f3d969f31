/**
 * Where the addresses of an attachment come from: our own ipam in this process, or a delegate.
 *
 * Ours serves when the configuration names none, or names `ipam` and CNI_PATH leads to the running executable: the
 * same behaviour without a second process. Its leases are written in the caller's transaction.
 */

import { ipamAdd, ipamCheck, ipamDel, ipamGc, ipamStatus } from "../../plugins/ipam/ipam.ts";
import type { Prefix } from "../addr/prefix.ts";
import { parseRuntimeConfig } from "../cni/capability.ts";
import { findDelegate, sameFile } from "../cni/find-delegate.ts";
import { folded } from "../cni/keys.ts";
import type { JsonObject } from "../cni/read.ts";
import type { AddRequest, CheckRequest, DelRequest, GcRequest, StatusRequest } from "../cni/request.ts";
import type { Store } from "../state/store.ts";
import { namesForeignIpam } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { IpamResult } from "./ipam-result.ts";
import type { NetworkTraits } from "./network-plugin.ts";

const delegating = () => require("../cni/delegate.ts") as typeof import("../cni/delegate.ts");

type Configured = AddRequest | CheckRequest | DelRequest | GcRequest | StatusRequest;

export interface AddressSource {
  /** Whether it finds the vNIC in the compartment, up, when it is asked for addresses. */
  readonly needsVnic: boolean;
  /** Whether leases live in the store that the caller's transaction is open on. */
  readonly inProcess: boolean;
  /** @param automatic prefix of a network whose configuration names none */
  add(request: AddRequest, automatic?: Prefix): IpamResult;
  /** @returns whether some of it is to be given back to a directory when the verb is done */
  del(request: DelRequest): boolean;
  check(request: CheckRequest, automatic?: Prefix): void;
  gc(request: GcRequest, automatic?: Prefix): void;
  status(request: StatusRequest, automatic?: Prefix): void;
}

export function addressSource(
  request: Configured,
  store: Store,
  context: Context,
  traits: NetworkTraits,
): AddressSource {
  const { ipam } = request.config;
  const type = ipam?.type;
  if (type !== undefined && !isThisFile(type, request, context.execPath))
    return delegated(type, context, traits.vnicBeforeAddress);
  const isNamed = type !== undefined || Object.keys(ipam?.raw ?? {}).length > 0;
  return isNamed || traits.withoutIpam === "ours" ? builtIn(request, store, context, traits) : noAddresses;
}

/** The container is on the wire and gets its addresses from there, or has none. */
const noAddresses: AddressSource = {
  needsVnic: false,
  inProcess: true,
  add: () => ({ interfaces: [], ips: [], routes: [], dns: {} }),
  del: () => false,
  check() {},
  gc() {},
  status() {},
};

/** Our ipam in CNI_PATH may be another build, in a file of its own: that one is a delegate like any other. */
function isThisFile(type: string, request: Configured, execPath: string): boolean {
  if (namesForeignIpam(request.config)) return false;
  try {
    return sameFile(findDelegate(type, request.path).file, execPath);
  } catch {
    // Not found: calling it says so, when and where that matters.
    return false;
  }
}

function delegated(type: string, context: Context, needsVnic: boolean): AddressSource {
  let undone = false;
  return {
    needsVnic,
    inProcess: false,
    add(request) {
      try {
        return delegating().delegateAdd(type, request, context);
      } catch (error) {
        undone = true;
        throw error;
      }
    },
    // A failed ADD has called the delegate's DEL already.
    del(request) {
      if (!undone) delegating().delegateDel(type, request, context);
      return false;
    },
    check: (request) => delegating().delegateCheck(type, request, context),
    gc: (request) => delegating().delegateGc(type, request, context),
    status: (request) => delegating().delegateStatus(type, request, context),
  };
}

/** A server on the wire can be asked only by who is there. */
const asksServer = (ipam: JsonObject | undefined): boolean => folded(ipam, "source") === "dhcp";

function builtIn(
  request: Configured,
  store: Store,
  context: Context,
  { nativeIpam }: NetworkTraits,
): AddressSource {
  /** The request with an `ipam` object that our ipam understands. */
  const native = <R extends Configured>(request: R, automatic?: Prefix): R => {
    const plain = request.config.ipam?.raw ?? {};
    const given = nativeIpam({ ...request.config.raw, ipam: plain });
    const isNamed = automatic === undefined || namesRange(given) || asksForRange(request);
    const whole = isNamed
      ? given
      : nativeIpam({ ...request.config.raw, ipam: { ...plain, subnet: automatic } });
    const raw = { type: "ipam", ...whole };
    const config = {
      ...request.config,
      ipam: { type: "ipam", raw },
      raw: { ...request.config.raw, ipam: raw },
    };
    return { ...request, config };
  };
  return {
    needsVnic: asksServer(request.config.ipam?.raw),
    inProcess: true,
    add: (request, automatic) => ipamAdd(native(request, automatic), store, context),
    del: (request) => ipamDel(native(request), store, context),
    check: (request, automatic) => ipamCheck(native(request, automatic), store, context),
    gc: (request, automatic) => ipamGc(native(request, automatic), store, context),
    status: (request, automatic) => ipamStatus(native(request, automatic), store, context),
  };
}

const namesRange = (ipam: JsonObject): boolean =>
  ipam.subnet !== undefined || ipam.ranges !== undefined || ipam.store !== undefined;

/** By the capability `ipRanges`. */
function asksForRange({ config }: Configured): boolean {
  return parseRuntimeConfig(config.runtimeConfig, config.name).ipRanges.length > 0;
}
