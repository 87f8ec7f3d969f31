/** Which addresses an ADD asks for, and which set of ranges each belongs to. Pure. */

import { type Ip, ipFamily } from "../../lib/addr/ip.ts";
import { contains } from "../../lib/addr/prefix.ts";
import {
  type AddressRequest,
  parseAddressRequest,
  readAddressRequests,
} from "../../lib/cni/address-request.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { describeValue, type Issue, isObject, throwIssues } from "../../lib/cni/read.ts";
import type { AddRequest } from "../../lib/cni/request.ts";
import type { RangeSet } from "./config.ts";
import { isWithin } from "./range.ts";

/**
 * `runtimeConfig.ips` stands above `args.cni.ips`, and that above `IP` of CNI_ARGS (CNI conventions). A source still
 * counts for a family that no higher one names: nerdctl sends IPv4 in CNI_ARGS and IPv6 in `ips`.
 *
 * @throws {CniError} 7 for what is no address, 4 when it is in CNI_ARGS
 */
export function requestedAddresses(
  request: Pick<AddRequest, "config" | "args">,
  runtimeIps: readonly AddressRequest[],
): readonly Ip[] {
  const first = runtimeIps.map(({ address }) => address);
  const second = argsIps(request);
  const others = second.length > 0 ? second : envIps(request);
  const named = new Set(first.map(ipFamily));
  return [...first, ...others.filter((address) => !named.has(ipFamily(address)))];
}

function argsIps({ config }: Pick<AddRequest, "config">): readonly Ip[] {
  const cni = config.args?.cni;
  if (!isObject(cni)) return [];
  const issues: Issue[] = [];
  const requests = readAddressRequests(cni.ips, "args.cni.ips", issues);
  throwIssues(issues);
  return requests.map(({ address }) => address);
}

function envIps({ args }: Pick<AddRequest, "args">): readonly Ip[] {
  const texts = (args.values.get("IP") ?? "").split(",").map((text) => text.trim());
  return texts.filter(Boolean).map((text) => {
    const request = parseAddressRequest(text);
    if (request) return request.address;
    throw new CniError(
      errorCode.invalidEnvironment,
      `IP in CNI_ARGS: ${describeValue(text)} is no IP address`,
      {
        reason: "args-ip-invalid",
      },
    );
  });
}

/**
 * @returns for each set the address asked of it, if any
 * @throws {CniError} 7 for an address that no set may give, or a second one of a set
 */
export function matchSets(wanted: readonly Ip[], sets: readonly RangeSet[]): readonly (Ip | undefined)[] {
  const matched: (Ip | undefined)[] = sets.map(() => undefined);
  for (const address of wanted) {
    const index = sets.findIndex((set) => set.usable.some((interval) => isWithin(interval, address)));
    if (index < 0) throw unusable(address, sets);
    const other = matched[index];
    if (other !== undefined)
      throw refused(
        address,
        other === address
          ? "it is asked for twice"
          : `its set gives one address, and ${other} is asked for too`,
      );
    matched[index] = address;
  }
  return matched;
}

function unusable(address: Ip, sets: readonly RangeSet[]): CniError {
  const ranges = sets.flatMap((set) => set.ranges);
  const holder = ranges.find((range) => contains(range.subnet, address));
  if (ranges.some((range) => range.gateway === address))
    return refused(address, "it is the gateway (HCN_E_ADDR_INVALID_OR_RESERVED)");
  if (holder?.reserved.includes(address))
    return refused(
      address,
      `it is the network or broadcast address of ${holder.subnet} (HCN_E_ADDR_INVALID_OR_RESERVED)`,
    );
  const pool = ranges.map(({ first, last }) => `${first}-${last}`).join(", ");
  return refused(address, `it is outside of ${pool} (HCN_E_INVALID_IP)`);
}

const refused = (address: Ip, why: string): CniError =>
  new CniError(errorCode.invalidConfig, `cannot give address ${address}: ${why}`, {
    reason: "address-refused",
    details: "ask for a free address of the network's ranges, or for none",
  });
