/** Elements of the layout's sets as plain data: what plans and traces print and CHECK compares. */
import { type Ip, ipFamily, isUnspecified } from "../../addr/ip.ts";
import {
  contains,
  networkOf,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixLength,
} from "../../addr/prefix.ts";
import type { TypedElement } from "../../netlink/nft/typed-element.ts";
import { clipComment } from "../../netlink/nft/userdata.ts";
import type { PortProtocol } from "../../policy/port-mapping.ts";
import type { LayoutSetName } from "./sets.ts";

/** The key and data have one value per field of the set; addresses in interval sets are prefixes ("10.0.0.1/32"). */
export interface LayoutElement extends TypedElement {
  readonly set: LayoutSetName;
}

/** A port of the host that leads to a port of a container. */
export interface Published {
  /** Absent, 0.0.0.0 or ::, every address of the host. */
  readonly hostIp?: Ip;
  readonly protocol: PortProtocol;
  readonly hostPort: number;
  /** Of the container; its family is the family that is published. */
  readonly address: Ip;
  readonly containerPort: number;
}

/** The bridge of a network. @param comment whose it is; all constructors clip it to what nft allows */
export function switchElement(ifname: string, comment: string): LayoutElement {
  return { set: "switches", key: [ifname], comment: clipComment(comment) };
}

/** Sources that are masqueraded when they leave. @param prefix of no other element's range */
export function natElement(prefix: Prefix, comment: string): LayoutElement {
  const set = prefixFamily(prefix) === 4 ? "nat4" : "nat6";
  return { set, key: [networkOf(prefix)], comment: clipComment(comment) };
}

/**
 * Traffic that keeps its source address: within a network, and to the exceptions of its outbound NAT.
 *
 * The kernel refuses an element that overlaps another (EEXIST); `directElements` takes care of that.
 * @throws {RangeError} when the families differ
 */
export function directElement(source: Prefix, destination: Prefix, comment: string): LayoutElement {
  sameFamily(prefixFamily(source), prefixFamily(destination), `${source} and ${destination}`);
  const set = prefixFamily(source) === 4 ? "direct4" : "direct6";
  return { set, key: [networkOf(source), networkOf(destination)], comment: clipComment(comment) };
}

/**
 * All destinations of one source, those inside another one left out, since they would overlap.
 * @param destinations of the source's family
 * @throws {RangeError} when the families differ
 */
export function directElements(
  source: Prefix,
  destinations: readonly Prefix[],
  comment: string,
): readonly LayoutElement[] {
  return distinctPrefixes(destinations).map((destination) => directElement(source, destination, comment));
}

/** Each prefix once, and none that lies in another one: sets of ranges take no overlaps. */
export function distinctPrefixes(prefixes: readonly Prefix[]): readonly Prefix[] {
  const distinct = [...new Set(prefixes.map(networkOf))];
  return distinct.filter((one) => !distinct.some((other) => other !== one && covers(other, one)));
}

/** @throws {RangeError} when host and container address are of different families */
export function publishedElement(published: Published, comment: string): LayoutElement {
  const { hostIp, protocol, hostPort, address, containerPort } = published;
  const rest = { data: [address, containerPort], comment: clipComment(comment) };
  const family = ipFamily(address);
  if (hostIp === undefined) return { set: `published${family}_any`, key: [protocol, hostPort], ...rest };
  sameFamily(ipFamily(hostIp), family, `${hostIp} and ${address}`);
  if (isUnspecified(hostIp)) return { set: `published${family}_any`, key: [protocol, hostPort], ...rest };
  return { set: `published${family}`, key: [hostIp, protocol, hostPort], ...rest };
}

function covers(outer: Prefix, inner: Prefix): boolean {
  return prefixLength(outer) <= prefixLength(inner) && contains(outer, prefixAddress(inner));
}

function sameFamily(a: number, b: number, what: string): void {
  if (a !== b) throw new RangeError(`${what} are of different families`);
}
