/** VXLAN, tunnels for frames over UDP: IFLA_VXLAN_* of linux/if_link.h, RFC 7348. */
import { type Ip, ipBytes, ipFamily } from "../../addr/ip.ts";
import { type Attr, be16, bytes, getBe16, getU8, getU32, nested, text, u8, u32 } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL, type Request } from "../message.ts";
import type { Link } from "./decode-link.ts";
import { getIp } from "./family.ts";
import {
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  ifinfomsg,
  keyedLink,
  keyTitle,
  type LinkKey,
  RTM_NEWLINK,
} from "./ifinfo.ts";
import { encodeSettings, type LinkSettings, settingsTitle } from "./link-settings.ts";

const IFLA_VXLAN_ID = 1;
const IFLA_VXLAN_LINK = 3;
const IFLA_VXLAN_LOCAL = 4;
const IFLA_VXLAN_LEARNING = 7;
const IFLA_VXLAN_PORT = 15;
const IFLA_VXLAN_LOCAL6 = 17;
const IFLA_VXLAN_UDP_CSUM = 18;
const IFLA_VXLAN_UDP_ZERO_CSUM6_TX = 19;
const IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 20;
const IFLA_VXLAN_DF = 29;

/** VXLAN_DF_*: whether outer packets may be fragmented. "inherit": as the packet inside says. Only for IPv4 outside. */
const dfValues = { unset: 0, set: 1, inherit: 2 } as const;
export type VxlanDf = keyof typeof dfValues;

export interface NewVxlan extends LinkSettings {
  readonly name: string;
  /** 24 bits. */
  readonly vni: number;
  /** Where outer packets come from; ends of the other family cannot be reached then. */
  readonly local: Ip;
  readonly udpPort: number;
  /** "inherit" by default. Kernels before 4.20 do not know it and take no notice. */
  readonly df?: VxlanDf;
  /** Index of the link that outer packets must leave by, with which it goes. Absent: the routes decide, and it stays. */
  readonly lower?: number;
  readonly up?: boolean;
}

/**
 * It learns nothing: each far end needs a row (`replaceFdb`). UDP checksums are on. EEXIST when the name is taken, or the
 * VNI at this port; EADDRINUSE, when it is set up, if somebody else has the port; EOPNOTSUPP without the module.
 */
export function createVxlan(link: NewVxlan): Request {
  const info = [bytes(IFLA_INFO_KIND, encodeText("vxlan")), nested(IFLA_INFO_DATA, encodeData(link))];
  const { name, vni, local, udpPort, df = "inherit", lower } = link;
  return {
    get title() {
      const by = lower === undefined ? "" : ` dev index ${lower}`;
      const settings = `${settingsTitle(link)}${link.up ? " up" : ""}`;
      return `link add ${name}${settings} type vxlan id ${vni} local ${local}${by} dstport ${udpPort} nolearning df ${df}`;
    },
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat([
      ifinfomsg(0, link.up || undefined),
      ...encodeSettings(link),
      text(IFLA_IFNAME, name),
      nested(IFLA_LINKINFO, info),
    ]),
  };
}

/** In the order in which `ip` sends them. */
function encodeData({ vni, local, udpPort, df = "inherit", lower }: NewVxlan): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (lower !== undefined) parts.push(u32(IFLA_VXLAN_LINK, lower));
  parts.push(u8(IFLA_VXLAN_UDP_CSUM, 1));
  if (ipFamily(local) === 6) {
    parts.push(u8(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, 0), u8(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 0));
  }
  parts.push(u8(IFLA_VXLAN_DF, dfValues[df]), u32(IFLA_VXLAN_ID, vni), localAttr(local));
  parts.push(u8(IFLA_VXLAN_LEARNING, 0), be16(IFLA_VXLAN_PORT, udpPort));
  return parts;
}

/** Works while it is up. The family must stay: EOPNOTSUPP. */
export function setVxlanLocal(key: LinkKey, local: Ip): Request {
  const info = [bytes(IFLA_INFO_KIND, encodeText("vxlan")), nested(IFLA_INFO_DATA, [localAttr(local)])];
  return {
    title: `link set ${keyTitle(key)} type vxlan local ${local}`,
    type: RTM_NEWLINK,
    flags: 0,
    payload: concat([keyedLink(key), nested(IFLA_LINKINFO, info)]),
  };
}

function localAttr(local: Ip): Uint8Array {
  return bytes(ipFamily(local) === 4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, ipBytes(local));
}

export interface Vxlan {
  readonly vni: number;
  /** Undefined when the kernel chooses. */
  readonly local: Ip | undefined;
  readonly udpPort: number;
  readonly learning: boolean;
  /** Undefined when the kernel does not know it. */
  readonly df: VxlanDf | undefined;
  /** Index of the link it is bound to. */
  readonly lower: number | undefined;
}

/** @returns undefined when the link is no VXLAN */
export function decodeVxlan({ kind, data }: Link): Vxlan | undefined {
  if (kind !== "vxlan") return undefined;
  return {
    vni: getU32(data, IFLA_VXLAN_ID) ?? 0,
    local: getIp(data, IFLA_VXLAN_LOCAL) ?? getIp(data, IFLA_VXLAN_LOCAL6),
    udpPort: getBe16(data, IFLA_VXLAN_PORT) ?? 0,
    learning: getU8(data, IFLA_VXLAN_LEARNING) === 1,
    df: decodeDf(data),
    lower: getU32(data, IFLA_VXLAN_LINK),
  };
}

function decodeDf(data: readonly Attr[]): VxlanDf | undefined {
  const number = getU8(data, IFLA_VXLAN_DF);
  for (const [name, value] of Object.entries(dfValues)) if (value === number) return name as VxlanDf;
  return undefined;
}
