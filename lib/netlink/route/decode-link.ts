/** A link as the kernel tells of it: RTM_NEWLINK (linux/if_link.h). */
import { type Mac, macFromBytes } from "../../addr/mac.ts";
import { type Attr, decodeAttrs, findAttr, getI32, getNested, getText, getU8, getU32 } from "../attr.ts";
import { readU32, readU64 } from "../bytes.ts";
import type { Reply } from "../message.ts";
import {
  IFF_UP,
  IFINFOMSG_LENGTH,
  IFLA_ADDRESS,
  IFLA_CARRIER,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND,
  IFLA_LINK,
  IFLA_LINK_NETNSID,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_OPERSTATE,
  IFLA_PERM_ADDRESS,
  IFLA_STATS64,
  IFLA_TXQLEN,
} from "./ifinfo.ts";

/** RFC 2863 as in linux/if.h, IF_OPER_*. */
const operStates = ["unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"] as const;
export type OperState = (typeof operStates)[number];

export interface Link {
  readonly index: number;
  readonly name: string;
  /** IFF_*. */
  readonly flags: number;
  /** Administratively up; `carrier` says whether it works. */
  readonly up: boolean;
  readonly carrier: boolean;
  readonly operState: OperState;
  readonly mtu: number;
  /** Undefined for links without a 6 byte address. */
  readonly mac: Mac | undefined;
  /** The one the hardware came with. */
  readonly permanentMac: Mac | undefined;
  readonly master: number | undefined;
  /** 0 unless somebody chose one. */
  readonly group: number;
  /** "veth", "bridge"; undefined for hardware and loopback. */
  readonly kind: string | undefined;
  readonly alias: string | undefined;
  /** Index of the other end of a veth pair, or of the link below. In the namespace `netnsId` when that is there. */
  readonly peerIndex: number | undefined;
  readonly netnsId: number | undefined;
  readonly txQueueLength: number | undefined;
  /** IFLA_INFO_DATA: see `decodeBridge`. */
  readonly data: readonly Attr[];
  /** IFLA_INFO_SLAVE_KIND: "bridge" for a port of one. */
  readonly slaveKind: string | undefined;
  /** IFLA_INFO_SLAVE_DATA: see `decodeBridgePort`. */
  readonly slaveData: readonly Attr[];
  /** Only when asked for. */
  readonly stats: LinkStats | undefined;
  /** Everything, in the kernel's order. */
  readonly attrs: readonly Attr[];
}

/** First eight of struct rtnl_link_stats64. */
export interface LinkStats {
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  /** For lack of room, or since the link was not ready. */
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
}

/** @throws {RangeError} when the message is shorter than its header or an attribute it reads has a wrong length */
export function decodeLink(reply: Reply): Link {
  const flags = readU32(reply.payload, 8);
  const attrs = decodeAttrs(reply.payload, IFINFOMSG_LENGTH);
  const info = getNested(attrs, IFLA_LINKINFO) ?? [];
  return {
    index: readU32(reply.payload, 4),
    name: getText(attrs, IFLA_IFNAME) ?? "",
    flags,
    up: (flags & IFF_UP) !== 0,
    carrier: getU8(attrs, IFLA_CARRIER) === 1,
    operState: operStates[getU8(attrs, IFLA_OPERSTATE) ?? 0] ?? "unknown",
    mtu: getU32(attrs, IFLA_MTU) ?? 0,
    mac: getMac(attrs, IFLA_ADDRESS),
    permanentMac: getMac(attrs, IFLA_PERM_ADDRESS),
    master: getU32(attrs, IFLA_MASTER),
    group: getU32(attrs, IFLA_GROUP) ?? 0,
    kind: getText(info, IFLA_INFO_KIND),
    alias: getText(attrs, IFLA_IFALIAS),
    peerIndex: getU32(attrs, IFLA_LINK),
    netnsId: getI32(attrs, IFLA_LINK_NETNSID),
    txQueueLength: getU32(attrs, IFLA_TXQLEN),
    data: getNested(info, IFLA_INFO_DATA) ?? [],
    slaveKind: getText(info, IFLA_INFO_SLAVE_KIND),
    slaveData: getNested(info, IFLA_INFO_SLAVE_DATA) ?? [],
    stats: decodeStats(findAttr(attrs, IFLA_STATS64)),
    attrs,
  };
}

function getMac(attrs: readonly Attr[], type: number): Mac | undefined {
  const value = findAttr(attrs, type);
  return value?.length === 6 ? macFromBytes(value) : undefined;
}

function decodeStats(from: Uint8Array | undefined): LinkStats | undefined {
  return (
    from && {
      rxPackets: readU64(from, 0),
      txPackets: readU64(from, 8),
      rxBytes: readU64(from, 16),
      txBytes: readU64(from, 24),
      rxErrors: readU64(from, 32),
      txErrors: readU64(from, 40),
      rxDropped: readU64(from, 48),
      txDropped: readU64(from, 56),
    }
  );
}
