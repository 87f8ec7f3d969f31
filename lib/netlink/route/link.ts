/** Asking for links and deleting them: RTM_GETLINK, RTM_DELLINK (linux/rtnetlink.h, linux/if_link.h). */
import { bytes, nested, u32 } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import { NLM_F_DUMP, type Request } from "../message.ts";
import {
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  ifinfomsg,
  keyedLink,
  keyTitle,
  type LinkKey,
  RTM_DELLINK,
  RTM_GETLINK,
} from "./ifinfo.ts";

/** Answers a tenth of the size, for counters that nobody reads. */
const RTEXT_FILTER_SKIP_STATS = 1 << 3;

/** One link; ENODEV when there is none. */
export function getLink(key: LinkKey, options: { readonly stats?: boolean } = {}): Request {
  return {
    title: `link show dev ${keyTitle(key)}`,
    type: RTM_GETLINK,
    flags: 0,
    payload: concat([keyedLink(key), extMask(options.stats)]),
  };
}

export interface LinkFilter {
  /** Index of the bridge whose ports are wanted. */
  readonly master?: number;
  /** "veth", "bridge". */
  readonly kind?: string;
  readonly stats?: boolean;
}

/** All links that pass the filter, which the kernel applies. */
export function dumpLinks(filter: LinkFilter = {}): Request {
  const { master, kind } = filter;
  const words = [master && ` master index ${master}`, kind && ` type ${kind}`];
  const parts = [ifinfomsg(0), extMask(filter.stats)];
  if (master !== undefined) parts.push(u32(IFLA_MASTER, master));
  if (kind !== undefined) parts.push(nested(IFLA_LINKINFO, [bytes(IFLA_INFO_KIND, encodeText(kind))]));
  return {
    title: `link show${words.filter(Boolean).join("")}`,
    type: RTM_GETLINK,
    flags: NLM_F_DUMP,
    payload: concat(parts),
  };
}

/** ENODEV when there is none. Deleting one end of a veth pair deletes the other. */
export function deleteLink(key: LinkKey): Request {
  return { title: `link delete ${keyTitle(key)}`, type: RTM_DELLINK, flags: 0, payload: keyedLink(key) };
}

/** All links of a group, with one wait for the CPUs instead of one for each; ENODEV when it has none. */
export function deleteGroup(group: number): Request {
  return {
    title: `link delete group ${group}`,
    type: RTM_DELLINK,
    flags: 0,
    payload: concat([ifinfomsg(0), u32(IFLA_GROUP, group)]),
  };
}

function extMask(stats = false): Uint8Array {
  return u32(IFLA_EXT_MASK, stats ? 0 : RTEXT_FILTER_SKIP_STATS);
}
