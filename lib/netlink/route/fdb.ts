/** Forwarding rows, behind which port or tunnel end a MAC is: RTM_*NEIGH of AF_BRIDGE (linux/neighbour.h). */
import { type Ip, ipBytes } from "../../addr/ip.ts";
import { type Mac, macBytes, macFromBytes } from "../../addr/mac.ts";
import { type Attr, bytes, decodeAttrs, findAttr, getU32 } from "../attr.ts";
import { concat, readU8, readU16, readU32 } from "../bytes.ts";
import {
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  type Reply,
  type Request,
} from "../message.ts";
import { AF_BRIDGE, getIp } from "./family.ts";
import {
  NDA_DST,
  NDA_LLADDR,
  NDA_MASTER,
  NDMSG_LENGTH,
  NTF_EXT_LEARNED,
  NTF_MASTER,
  NTF_SELF,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
  ndmsg,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "./ndmsg.ts";

/** As `bridge` sends them: both are kept for ever, and "permanent" on a port says that the MAC is the host's own. */
const states = { permanent: NUD_PERMANENT | NUD_NOARP, noarp: NUD_NOARP | NUD_REACHABLE } as const;
const places = { self: NTF_SELF, master: NTF_MASTER } as const;

/** The row in one table: the link's own, such as a VXLAN's, or that of the bridge it is a port of. */
export interface FdbKey {
  /** Of the VXLAN link or the port. */
  readonly index: number;
  /** All zero on a VXLAN: where to send what no other row knows. */
  readonly mac: Mac;
  /** The far end of the tunnel, for rows of a VXLAN itself. */
  readonly vtep?: Ip;
  readonly on: keyof typeof places;
}

export interface NewFdb extends FdbKey {
  readonly state: keyof typeof states;
}

/**
 * Adds the row or takes the place of the one of this MAC, a learned one too. EOPNOTSUPP for the all zero MAC where it has
 * a row: `appendFdb` is for those. EAFNOSUPPORT when the end is not of the family of the VXLAN's own.
 */
export function replaceFdb(row: NewFdb): Request {
  return encode("replace", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, row, states[row.state]);
}

/** One more end for the MAC, all of which get a copy: for the all zero one. Succeeds when it is there already. */
export function appendFdb(row: NewFdb): Request {
  return encode("append", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, row, states[row.state]);
}

/**
 * ENOENT when the MAC has no row. Without `vtep` all ends of the MAC go; with one that is not among them, nothing goes and
 * the kernel calls that a success.
 */
export function deleteFdb(row: FdbKey): Request {
  return encode("del", RTM_DELNEIGH, 0, row, states.permanent);
}

/** All rows of a link: its own and, of a port, those of its bridge. None when there is no such link. */
export function dumpFdb({ index }: { readonly index: number }): Request {
  return {
    title: `fdb show dev index ${index}`,
    type: RTM_GETNEIGH,
    flags: NLM_F_DUMP,
    payload: ndmsg({ family: AF_BRIDGE, index }),
  };
}

function encode(verb: string, type: number, flags: number, row: FdbKey, state: number): Request {
  const { index, mac, vtep, on } = row;
  const parts = [
    ndmsg({ family: AF_BRIDGE, index, state, flags: places[on] }),
    bytes(NDA_LLADDR, macBytes(mac)),
  ];
  if (vtep !== undefined) parts.push(bytes(NDA_DST, ipBytes(vtep)));
  return {
    get title() {
      return `fdb ${verb} ${mac} dev index ${index}${vtep === undefined ? "" : ` dst ${vtep}`} ${on}`;
    },
    type,
    flags,
    payload: concat(parts),
  };
}

/** A row as the kernel tells of it. */
export interface Fdb {
  readonly index: number;
  readonly mac: Mac;
  readonly vtep: Ip | undefined;
  readonly on: keyof typeof places;
  /** Index of the bridge, for a row of one. */
  readonly master: number | undefined;
  /** The last two are learned, and go when nothing comes from the MAC. */
  readonly state: "permanent" | "noarp" | "reachable" | "stale";
  /** Somebody else's routing daemon keeps it. */
  readonly external: boolean;
  readonly attrs: readonly Attr[];
}

/** @throws {RangeError} when the message is too short or bears no MAC */
export function decodeFdb({ payload }: Reply): Fdb {
  const attrs = decodeAttrs(payload, NDMSG_LENGTH);
  const mac = findAttr(attrs, NDA_LLADDR);
  if (mac === undefined) throw new RangeError("a forwarding row without a MAC");
  const flags = readU8(payload, 10);
  return {
    index: readU32(payload, 4),
    mac: macFromBytes(mac),
    vtep: getIp(attrs, NDA_DST),
    on: (flags & NTF_SELF) !== 0 ? "self" : "master",
    master: getU32(attrs, NDA_MASTER),
    state: stateName(readU16(payload, 8)),
    external: (flags & NTF_EXT_LEARNED) !== 0,
    attrs,
  };
}

function stateName(state: number): Fdb["state"] {
  if ((state & NUD_PERMANENT) !== 0) return "permanent";
  if ((state & NUD_NOARP) !== 0) return "noarp";
  return (state & NUD_STALE) !== 0 ? "stale" : "reachable";
}
