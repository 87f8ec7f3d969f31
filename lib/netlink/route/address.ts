/** Addresses of links: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR (linux/if_addr.h). */
import { type Family, type Ip, ipBytes } from "../../addr/ip.ts";
import { type Prefix, prefixAddress, prefixLength, prefixOf } from "../../addr/prefix.ts";
import { type Attr, bytes, decodeAttrs, getText, getU32, u32 } from "../attr.ts";
import { concat, readU8, readU32, writeU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE, type Reply, type Request } from "../message.ts";
import { addressFamily, familyNumber, getIp } from "./family.ts";
import { type Scope, scopeName, scopeNumber } from "./scope.ts";

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const IFADDRMSG_LENGTH = 8;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;

const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;
const IFA_F_PERMANENT = 0x80;
const IFA_F_NOPREFIXROUTE = 0x200;

/** An address a link shall have, for ever. */
export interface NewAddress {
  /** Of the link. */
  readonly index: number;
  /** With the length of its subnet. */
  readonly address: Prefix;
  /** IPv4 only; the kernel sets none by itself. */
  readonly broadcast?: Ip;
  /** "global" unless said otherwise. */
  readonly scope?: Scope;
  /** Usable at once, without duplicate address detection (RFC 4862 5.4). IPv6 only. */
  readonly noDad?: boolean;
  /** No route to the subnet comes with it. */
  readonly noPrefixRoute?: boolean;
}

/** EEXIST when the link has it already. */
export function addAddress(address: NewAddress): Request {
  return encodeNew("add", NLM_F_CREATE | NLM_F_EXCL, address);
}

/** Adds the address or changes its flags. */
export function replaceAddress(address: NewAddress): Request {
  return encodeNew("replace", NLM_F_CREATE | NLM_F_REPLACE, address);
}

/** EADDRNOTAVAIL when the link has it not. */
export function deleteAddress(index: number, address: Prefix): Request {
  const value = ipBytes(prefixAddress(address));
  return {
    title: `addr del ${address} dev index ${index}`,
    type: RTM_DELADDR,
    flags: 0,
    payload: concat([ifaddrmsg(address, index, 0, 0), bytes(IFA_LOCAL, value), bytes(IFA_ADDRESS, value)]),
  };
}

/** All addresses; the kernel filters by family and link. */
export function dumpAddresses(filter: { readonly family?: Family; readonly index?: number } = {}): Request {
  const { family, index = 0 } = filter;
  const header = new Uint8Array(IFADDRMSG_LENGTH);
  header[0] = familyNumber(family);
  writeU32(header, 4, index);
  return {
    title: `${family === 6 ? "-6 " : ""}addr show${index === 0 ? "" : ` dev index ${index}`}`,
    type: RTM_GETADDR,
    flags: NLM_F_DUMP,
    payload: header,
  };
}

function encodeNew(verb: string, flags: number, address: NewAddress): Request {
  const { index, broadcast, scope = "global", noDad, noPrefixRoute } = address;
  const bits = (noDad ? IFA_F_NODAD : 0) | (noPrefixRoute ? IFA_F_NOPREFIXROUTE : 0);
  const value = ipBytes(prefixAddress(address.address));
  // As `ip` does: the header holds the flags while they fit its 8 bits.
  const header = ifaddrmsg(address.address, index, bits > 0xff ? 0 : bits, scopeNumber(scope));
  const parts = [header, bytes(IFA_LOCAL, value)];
  if (broadcast !== undefined) parts.push(bytes(IFA_BROADCAST, ipBytes(broadcast)));
  if (bits > 0xff) parts.push(u32(IFA_FLAGS, bits));
  parts.push(bytes(IFA_ADDRESS, value));
  return {
    get title() {
      return `addr ${verb} ${address.address} dev index ${index}${detailsTitle(address)}`;
    },
    type: RTM_NEWADDR,
    flags,
    payload: concat(parts),
  };
}

function detailsTitle({ broadcast, scope = "global", noDad, noPrefixRoute }: NewAddress): string {
  const words = [broadcast && ` brd ${broadcast}`, scope !== "global" && ` scope ${scope}`];
  words.push(noDad && " nodad", noPrefixRoute && " noprefixroute");
  return words.filter(Boolean).join("");
}

/** struct ifaddrmsg. */
function ifaddrmsg(address: Prefix, index: number, flags: number, scope: number): Uint8Array {
  const header = new Uint8Array(IFADDRMSG_LENGTH);
  header.set([addressFamily(prefixAddress(address)), prefixLength(address), flags, scope]);
  writeU32(header, 4, index);
  return header;
}

/** An address as the kernel tells of it. */
export interface Address {
  readonly index: number;
  readonly address: Prefix;
  /** The other end of a point-to-point address. */
  readonly peer: Ip | undefined;
  readonly broadcast: Ip | undefined;
  readonly scope: Scope;
  readonly label: string | undefined;
  /** Not for a limited time. */
  readonly permanent: boolean;
  /** Duplicate address detection is going on: not usable yet. */
  readonly tentative: boolean;
  /** Somebody else has it. */
  readonly dadFailed: boolean;
  readonly noDad: boolean;
  readonly noPrefixRoute: boolean;
  readonly attrs: readonly Attr[];
}

/** @throws {RangeError} when the message is too short or bears no address */
export function decodeAddress({ payload }: Reply): Address {
  const attrs = decodeAttrs(payload, IFADDRMSG_LENGTH);
  const flags = getU32(attrs, IFA_FLAGS) ?? readU8(payload, 2);
  const remote = getIp(attrs, IFA_ADDRESS);
  const own = getIp(attrs, IFA_LOCAL) ?? remote;
  if (own === undefined) throw new RangeError("an address message without an address");
  return {
    index: readU32(payload, 4),
    address: prefixOf(own, readU8(payload, 1)),
    peer: remote === own ? undefined : remote,
    broadcast: getIp(attrs, IFA_BROADCAST),
    scope: scopeName(readU8(payload, 3)),
    label: getText(attrs, IFA_LABEL),
    permanent: (flags & IFA_F_PERMANENT) !== 0,
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    dadFailed: (flags & IFA_F_DADFAILED) !== 0,
    noDad: (flags & IFA_F_NODAD) !== 0,
    noPrefixRoute: (flags & IFA_F_NOPREFIXROUTE) !== 0,
    attrs,
  };
}
