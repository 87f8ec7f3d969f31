/** Capabilities `ips` and `ipRanges`: addresses the runtime asks for (CNI conventions). */
import { type Ip, parseIp } from "../addr/ip.ts";
import { type Prefix, parsePrefix, prefixAddress } from "../addr/prefix.ts";
import { type IssueSink, isObject, readList, readString, report } from "./read.ts";

export interface AddressRequest {
  readonly address: Ip;
  /** The same address with the length that was given with it. */
  readonly prefix?: Prefix;
}

export interface RangeRequest {
  readonly subnet: Prefix;
  readonly rangeStart?: Ip;
  readonly rangeEnd?: Ip;
  readonly gateway?: Ip;
}

/** Reads `ip` or `ip/length`. */
export function parseAddressRequest(text: string): AddressRequest | undefined {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { address: prefixAddress(prefix), prefix };
  const address = parseIp(text);
  return address && { address };
}

export function readAddressRequests(
  value: unknown,
  path: string,
  issues: IssueSink,
): readonly AddressRequest[] {
  return readList(value, path, issues, (item, at) => {
    const request = typeof item === "string" ? parseAddressRequest(item) : undefined;
    return request ?? report(issues, at, "an IP address, with or without a length", item);
  });
}

/** The outer list asks for one address each, the inner one names the ranges it may come from. */
export function readRangeRequests(
  value: unknown,
  path: string,
  issues: IssueSink,
): readonly (readonly RangeRequest[])[] {
  return readList(value, path, issues, (set, at) =>
    readList(set, at, issues, (item, where) => readRange(item, where, issues)),
  );
}

function readRange(item: unknown, path: string, issues: IssueSink): RangeRequest | undefined {
  if (!isObject(item)) return report(issues, path, "an object", item);
  const subnet = typeof item.subnet === "string" ? parsePrefix(item.subnet) : undefined;
  const [rangeStart, rangeEnd, gateway] = (["rangeStart", "rangeEnd", "gateway"] as const).map((key) => {
    const text = readString(item[key], `${path}.${key}`, issues);
    if (text === undefined) return undefined;
    return parseIp(text) ?? report(issues, `${path}.${key}`, "an IP address", text);
  });
  if (subnet === undefined)
    return report(issues, `${path}.subnet`, "a subnet such as 10.1.0.0/16", item.subnet);
  return {
    subnet,
    ...(rangeStart !== undefined && { rangeStart }),
    ...(rangeEnd !== undefined && { rangeEnd }),
    ...(gateway !== undefined && { gateway }),
  };
}
