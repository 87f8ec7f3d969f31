/** Addresses that move from one link to another with all they have (linux/if_addr.h). */
import { familyBits } from "../../../addr/ip.ts";
import { type Prefix, prefixFamily, prefixLength } from "../../../addr/prefix.ts";
import { type Attr, findAttr, getText, getU32 } from "../../attr.ts";
import { readU8, readU32, writeU32 } from "../../bytes.ts";
import { NLM_F_CREATE, NLM_F_REPLACE, type Reply, type Request } from "../../message.ts";
import { type Address, decodeAddress } from "../address.ts";
import { decodeRecord, encodeRecord, number, payloadOf, without } from "./record.ts";

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const IFADDRMSG_LENGTH = 8;

const IFA_LABEL = 3;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const IFA_TARGET_NETNSID = 10;
const IFA_PROTO = 11;

const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;
/** What a request may say; all other flags are the kernel's findings. */
const requestable = IFA_F_NODAD | 0x10 /* HOMEADDRESS */ | 0x100 /* MANAGETEMPADDR */ | 0x200 | 0x400;

/** IFAPROT_KERNEL_RA of linux/if_addr.h. */
const IFAPROT_KERNEL_RA = 2;
const IFA_F_MANAGETEMPADDR = 0x100;
/** The same bit means "secondary" of an IPv4 address. */
const IFA_F_TEMPORARY = 0x01;
const FOREVER = 0xffff_ffff;

export interface AddressRecord {
  readonly title: string;
  readonly message: string;
  readonly address: Prefix;
  readonly validS?: number;
  readonly learnt?: true;
  /** The kernel makes a route to its subnet with it. */
  readonly subnetRoute: boolean;
}

type Recorded = Pick<AddressRecord, "title" | "message" | "address">;

/**
 * @param device name of its link: a label that says the same says nothing
 * @returns undefined for one whose time is up
 */
export function recordAddress(reply: Reply, device: string): AddressRecord | undefined {
  const found = decodeAddress(reply);
  const { attrs } = found;
  const validS = lifetime(attrs);
  if (validS === 0) return undefined;
  const own = getText(attrs, IFA_LABEL) === device ? [IFA_LABEL] : [];
  const header = reply.payload.slice(0, IFADDRMSG_LENGTH);
  writeU32(header, 4, 0);
  const kept = without(attrs, IFA_TARGET_NETNSID, ...own);
  const record = encodeRecord({ header, attrs: kept });
  return {
    title: addressTitle(found),
    message: record,
    address: found.address,
    subnetRoute: hasSubnetRoute(found, reply),
    ...(validS === undefined ? {} : { validS }),
    ...(isLearnt(reply, attrs) ? { learnt: true } : {}),
  };
}

/** Not that of a second address of the same subnet, which has the first one's. */
function hasSubnetRoute({ address, noPrefixRoute, peer, scope }: Address, reply: Reply): boolean {
  if (noPrefixRoute || peer !== undefined || scope === "host") return false;
  const isSecondary = prefixFamily(address) === 4 && (readU8(reply.payload, 2) & IFA_F_TEMPORARY) !== 0;
  return !isSecondary && prefixLength(address) < familyBits(prefixFamily(address));
}

function addressTitle({ address, label, noPrefixRoute, peer, broadcast }: Address): string {
  const words = [peer && ` peer ${peer}`, broadcast && ` brd ${broadcast}`, label && ` label ${label}`];
  return [address, ...words, noPrefixRoute && " noprefixroute"].filter(Boolean).join("");
}

/** Seconds; undefined for ever. */
function lifetime(attrs: readonly Attr[]): number | undefined {
  const info = findAttr(attrs, IFA_CACHEINFO);
  const valid = info === undefined ? FOREVER : readU32(info, 4);
  return valid === FOREVER ? undefined : valid;
}

/** Newer kernels say so; older ones only of those that temporary addresses are made of, or are made from. */
function isLearnt(reply: Reply, attrs: readonly Attr[]): boolean {
  const flags = getU32(attrs, IFA_FLAGS) ?? 0;
  const temporary = readU8(reply.payload, 0) === 10 && (flags & IFA_F_TEMPORARY) !== 0;
  const proto = findAttr(attrs, IFA_PROTO)?.[0];
  return proto === IFAPROT_KERNEL_RA || temporary || (flags & IFA_F_MANAGETEMPADDR) !== 0;
}

/**
 * What is in use on one link of the host is nobody else's: it is usable on the other at once. The first request says so
 * and the second takes the word back, since the address did not have it. Both do when it is there already.
 */
export function addRecordedAddress(record: Recorded, index: number): readonly Request[] {
  const { header, attrs } = decodeRecord(record.message, IFADDRMSG_LENGTH);
  const flags = getU32(attrs, IFA_FLAGS) ?? readU8(header, 2);
  const wanted = flags & requestable;
  const unsure = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0;
  const request = (bits: number): Request => ({
    title: `addr replace ${record.title} dev index ${index}${bits & IFA_F_NODAD ? " nodad" : ""}`,
    type: RTM_NEWADDR,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    payload: payloadOf({
      header: addressed(header, index),
      attrs: [...without(attrs, IFA_FLAGS), number(IFA_FLAGS, bits)],
    }),
  });
  const twice = prefixFamily(record.address) === 6 && !unsure && (wanted & IFA_F_NODAD) === 0;
  return twice ? [request(wanted | IFA_F_NODAD), request(wanted)] : [request(wanted)];
}

/** EADDRNOTAVAIL when the link has it not. */
export function deleteRecordedAddress(record: Recorded, index: number): Request {
  const { header, attrs } = decodeRecord(record.message, IFADDRMSG_LENGTH);
  return {
    title: `addr del ${record.address} dev index ${index}`,
    type: RTM_DELADDR,
    flags: 0,
    // A label that is not the link's own would have to be the same.
    payload: payloadOf({
      header: addressed(header, index),
      attrs: without(attrs, IFA_FLAGS, IFA_CACHEINFO, IFA_LABEL),
    }),
  };
}

/** struct ifaddrmsg: the flags are in an attribute. */
function addressed(header: Uint8Array, index: number): Uint8Array {
  const copy = header.slice();
  copy[2] = 0;
  writeU32(copy, 4, index);
  return copy;
}
