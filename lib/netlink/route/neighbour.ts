/** Neighbours, who has which address on a link: RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH (linux/neighbour.h). */
import { type Family, type Ip, ipBytes } from "../../addr/ip.ts";
import { type Mac, macBytes, macFromBytes } from "../../addr/mac.ts";
import { type Attr, bytes, decodeAttrs, findAttr, getU8, u8, u32 } from "../attr.ts";
import { concat, readU8, readU16, readU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE, type Reply, type Request } from "../message.ts";
import { addressFamily, familyNumber, getIp } from "./family.ts";
import {
  NDA_DST,
  NDA_IFINDEX,
  NDA_LLADDR,
  NDA_PROTOCOL,
  NDMSG_LENGTH,
  NTF_PROXY,
  NTF_USE,
  ndmsg,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "./ndmsg.ts";

/** NUD_*. */
const states = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const;
export type NeighbourState = keyof typeof states;

export interface NewNeighbour {
  /** Of the link. */
  readonly index: number;
  readonly address: Ip;
  /** Absent for a proxy entry, by which the link answers for the address itself. */
  readonly mac?: Mac;
  /** "permanent" by default. */
  readonly state?: NeighbourState;
  /** Who made it, as for routes. Kernels before 4.20 do not keep it. */
  readonly protocol?: number;
}

/** EEXIST when the link has an entry for the address. */
export function addNeighbour(neighbour: NewNeighbour): Request {
  return encode("add", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, neighbour);
}

export function replaceNeighbour(neighbour: NewNeighbour): Request {
  return encode("replace", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour);
}

/** ENOENT when there is none. @param proxy delete the proxy entry of the address */
export function deleteNeighbour(index: number, address: Ip, proxy = false): Request {
  return {
    title: `neigh del ${proxy ? "proxy " : ""}${address} dev index ${index}`,
    type: RTM_DELNEIGH,
    flags: 0,
    payload: concat([
      ndmsg({ family: addressFamily(address), index, state: states.permanent, flags: proxyFlag(proxy) }),
      bytes(NDA_DST, ipBytes(address)),
    ]),
  };
}

/**
 * Has the kernel ask the link for the address, as if there were something to send. While the link has no address of the
 * family the IPv4 question names no sender, which is the probe of RFC 5227.
 */
export function solicitNeighbour(index: number, address: Ip): Request {
  return {
    title: `neigh replace ${address} dev index ${index} nud none use`,
    type: RTM_NEWNEIGH,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    payload: concat([
      ndmsg({ family: addressFamily(address), index, flags: NTF_USE }),
      bytes(NDA_DST, ipBytes(address)),
    ]),
  };
}

/** One entry; ENOENT when there is none. */
export function getNeighbour(index: number, address: Ip): Request {
  return {
    title: `neigh get ${address} dev index ${index}`,
    type: RTM_GETNEIGH,
    flags: 0,
    payload: concat([ndmsg({ family: addressFamily(address), index }), bytes(NDA_DST, ipBytes(address))]),
  };
}

/** All entries that pass the filter, which the kernel applies; proxy entries only when asked for. */
export function dumpNeighbours(
  filter: { readonly family?: Family; readonly index?: number; readonly proxy?: boolean } = {},
): Request {
  const { family, index, proxy = false } = filter;
  const parts = [ndmsg({ family: familyNumber(family), flags: proxyFlag(proxy) })];
  if (index !== undefined) parts.push(u32(NDA_IFINDEX, index));
  return {
    title: `neigh show${proxy ? " proxy" : ""}${index === undefined ? "" : ` dev index ${index}`}`,
    type: RTM_GETNEIGH,
    flags: NLM_F_DUMP,
    payload: concat(parts),
  };
}

function encode(verb: string, type: number, flags: number, neighbour: NewNeighbour): Request {
  const { index, address, mac, state = "permanent", protocol } = neighbour;
  const family = addressFamily(address);
  const parts = [
    ndmsg({ family, index, state: states[state], flags: proxyFlag(mac === undefined) }),
    bytes(NDA_DST, ipBytes(address)),
  ];
  if (mac !== undefined) parts.push(bytes(NDA_LLADDR, macBytes(mac)));
  if (protocol !== undefined) parts.push(u8(NDA_PROTOCOL, protocol));
  return {
    get title() {
      const who = mac === undefined ? `proxy ${address}` : `${address} lladdr ${mac}`;
      return `neigh ${verb} ${who} dev index ${index}`;
    },
    type,
    flags,
    payload: concat(parts),
  };
}

const proxyFlag = (proxy: boolean): number => (proxy ? NTF_PROXY : 0);

/** An entry as the kernel tells of it. */
export interface Neighbour {
  readonly index: number;
  readonly address: Ip;
  readonly mac: Mac | undefined;
  readonly state: NeighbourState;
  readonly proxy: boolean;
  readonly protocol: number | undefined;
  readonly attrs: readonly Attr[];
}

/** @throws {RangeError} when the message is too short or bears no address */
export function decodeNeighbour({ payload }: Reply): Neighbour {
  const attrs = decodeAttrs(payload, NDMSG_LENGTH);
  const address = getIp(attrs, NDA_DST);
  if (address === undefined) throw new RangeError("a neighbour message without an address");
  const lladdr = findAttr(attrs, NDA_LLADDR);
  return {
    index: readU32(payload, 4),
    address,
    mac: lladdr?.length === 6 ? macFromBytes(lladdr) : undefined,
    state: stateName(readU16(payload, 8)),
    proxy: (readU8(payload, 10) & NTF_PROXY) !== 0,
    protocol: getU8(attrs, NDA_PROTOCOL),
    attrs,
  };
}

function stateName(number: number): NeighbourState {
  for (const [name, value] of Object.entries(states)) if (value === number) return name as NeighbourState;
  return "none";
}
