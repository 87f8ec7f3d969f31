/** Links that hang on another one: macvlan, ipvlan, VLAN (IFLA_MACVLAN_*, IFLA_IPVLAN_*, IFLA_VLAN_* of linux/if_link.h). */
import { bytes, getU16, getU32, nested, text, u16, u32 } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL, type Request } from "../message.ts";
import type { Link } from "./decode-link.ts";
import {
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_NET_NS_FD,
  ifinfomsg,
  RTM_NEWLINK,
} from "./ifinfo.ts";
import { encodeSettings, type LinkSettings, settingsTitle } from "./link-settings.ts";

const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_VLAN_ID = 1;

/** MACVLAN_MODE_*. */
const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
export type MacvlanMode = keyof typeof macvlanModes;
/** IPVLAN_MODE_*. */
const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
export type IpvlanMode = keyof typeof ipvlanModes;

/** What makes one link of another. */
export type Sublink =
  | { readonly kind: "macvlan"; readonly mode: MacvlanMode }
  | { readonly kind: "ipvlan"; readonly mode: IpvlanMode }
  /** 802.1Q, 1 to 4094. */
  | { readonly kind: "vlan"; readonly id: number };

export interface NewSublink extends Omit<LinkSettings, "master"> {
  readonly name: string;
  /** Index of the link it hangs on, in the namespace of the socket. */
  readonly lower: number;
  readonly sublink: Sublink;
  readonly up?: boolean;
  /** Where to make it; without one it is made here. */
  readonly netnsFd?: number;
}

/**
 * Makes the link where it shall be: `name` is looked for in that namespace alone, EEXIST when it is taken there. The
 * kernel takes no alias here: `setLink` sets it. EOPNOTSUPP without the module of its kind; a VLAN is EEXIST, too,
 * where the lower link has one of this id already.
 */
export function createSublink(link: NewSublink): Request {
  const { name, lower, sublink, netnsFd } = link;
  const info = [bytes(IFLA_INFO_KIND, encodeText(sublink.kind)), nested(IFLA_INFO_DATA, encodeData(sublink))];
  const parts = [ifinfomsg(0, link.up || undefined), ...encodeSettings(link)];
  if (netnsFd !== undefined) parts.push(u32(IFLA_NET_NS_FD, netnsFd));
  parts.push(u32(IFLA_LINK, lower), text(IFLA_IFNAME, name), nested(IFLA_LINKINFO, info));
  return {
    get title() {
      const where = netnsFd === undefined ? "" : ` netns fd ${netnsFd}`;
      return `link add link index ${lower} ${name}${settingsTitle(link)}${link.up ? " up" : ""}${where} type ${sublinkTitle(sublink)}`;
    },
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat(parts),
  };
}

function encodeData(sublink: Sublink): readonly Uint8Array[] {
  switch (sublink.kind) {
    case "macvlan":
      return [u32(IFLA_MACVLAN_MODE, macvlanModes[sublink.mode])];
    case "ipvlan":
      // No flags: its links are bridged, neither private nor of a VEPA.
      return [u16(IFLA_IPVLAN_MODE, ipvlanModes[sublink.mode]), u16(IFLA_IPVLAN_FLAGS, 0)];
    case "vlan":
      return [u16(IFLA_VLAN_ID, sublink.id)];
  }
}

/** In the words of `ip link`. */
export function sublinkTitle(sublink: Sublink): string {
  return sublink.kind === "vlan" ? `vlan id ${sublink.id}` : `${sublink.kind} mode ${sublink.mode}`;
}

/** @returns undefined when the link is of another kind, or in a mode that is not known */
export function decodeSublink({ kind, data }: Link): Sublink | undefined {
  if (kind === "macvlan") {
    const mode = nameOf(macvlanModes, getU32(data, IFLA_MACVLAN_MODE));
    return mode && { kind, mode };
  }
  if (kind === "ipvlan") {
    const mode = nameOf(ipvlanModes, getU16(data, IFLA_IPVLAN_MODE));
    return mode && { kind, mode };
  }
  const id = kind === "vlan" ? getU16(data, IFLA_VLAN_ID) : undefined;
  return id === undefined ? undefined : { kind: "vlan", id };
}

function nameOf<T extends string>(
  numbers: Readonly<Record<T, number>>,
  number: number | undefined,
): T | undefined {
  for (const name in numbers) if (numbers[name] === number) return name;
  return undefined;
}
