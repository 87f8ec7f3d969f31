/** The result of an attachment in one form, that of CNI 1.1, whatever version is spoken outside. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import { type Dns, firstDns } from "./dns.ts";
import type { JsonObject } from "./read.ts";

/** Fields of a foreign result that no specification knows; they go out again as they came. */
interface Extensible {
  readonly extra?: JsonObject;
}

export interface ResultInterface extends Extensible {
  readonly name: string;
  /** An address that is no Ethernet MAC (InfiniBand has 20 bytes) stays in `extra.mac`. */
  readonly mac?: Mac;
  readonly mtu?: number;
  /** CNI_NETNS as it was given; absent for an interface of the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface ResultIp extends Extensible {
  /** The address of the interface with the length of its subnet; host bits are kept. */
  readonly address: Prefix;
  readonly gateway?: Ip;
  /** Index into `interfaces`; 0 is an index, absent is none. */
  readonly interface?: number;
}

export interface ResultRoute extends Extensible {
  readonly dst: Prefix;
  readonly gw?: Ip;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  /** 0 global, 253 link, 254 host. */
  readonly scope?: number;
}

export interface Result extends Extensible {
  readonly interfaces: readonly ResultInterface[];
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns;
}

export const emptyResult: Result = { interfaces: [], ips: [], routes: [], dns: {} };

/**
 * What a plugin in a chain hands on: the result before it with its own added (CNI 1.1 ADD, "prevResult").
 *
 * The indices in `own` count in `own.interfaces` and are moved. An interface of `own` that bears the name and sandbox
 * of an earlier one replaces it in its place; routes and addresses already there are not repeated.
 */
export function mergeResult(previous: Result | undefined, own: Result): Result {
  if (previous === undefined) return own;
  const interfaces = [...previous.interfaces];
  const moved = own.interfaces.map((added) => {
    const at = interfaces.findIndex((link) => link.name === added.name && link.sandbox === added.sandbox);
    if (at < 0) return interfaces.push(added) - 1;
    interfaces[at] = { ...interfaces[at], ...added };
    return at;
  });
  const ips = own.ips.map((ip): ResultIp => {
    const index = ip.interface === undefined ? undefined : moved[ip.interface];
    const { interface: _, ...rest } = ip;
    return index === undefined ? rest : { ...rest, interface: index };
  });
  const extra = { ...previous.extra, ...own.extra };
  return {
    interfaces,
    ips: append(previous.ips, ips, (a, b) => a.address === b.address && a.interface === b.interface),
    routes: append(
      previous.routes,
      own.routes,
      (a, b) => a.dst === b.dst && a.gw === b.gw && a.table === b.table,
    ),
    dns: firstDns(own.dns, previous.dns),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function append<T>(before: readonly T[], after: readonly T[], same: (a: T, b: T) => boolean): readonly T[] {
  return [...before, ...after.filter((item) => !before.some((earlier) => same(earlier, item)))];
}
