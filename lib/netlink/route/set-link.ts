/** Changing a link: RTM_NEWLINK without NLM_F_CREATE (linux/if_link.h). */
import { bytes, nested, text, u8, u32 } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import type { Request } from "../message.ts";
import { AF_INET, AF_INET6 } from "./family.ts";
import {
  type FlagChanges,
  IFLA_AF_SPEC,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_NET_NS_FD,
  keyedLink,
  keyTitle,
  type LinkKey,
  RTM_NEWLINK,
} from "./ifinfo.ts";
import { encodeSettings, type LinkSettings, settingsTitle } from "./link-settings.ts";

const IFLA_INET_CONF = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;

/** IPV4_DEVCONF_* of linux/ip.h under the names of /proc/sys/net/ipv4/conf. */
const devconf = {
  forwarding: 1,
  proxy_arp: 3,
  accept_redirects: 4,
  send_redirects: 6,
  rp_filter: 8,
  arp_filter: 13,
  arp_announce: 18,
  arp_ignore: 19,
  arp_accept: 21,
  arp_notify: 22,
  accept_local: 23,
  proxy_arp_pvlan: 25,
  route_localnet: 26,
} as const;
export type Devconf = keyof typeof devconf;

/** IN6_ADDR_GEN_MODE_*. */
const addrGenModes = { eui64: 0, none: 1, stable_secret: 2, random: 3 } as const;

export interface LinkChanges extends LinkSettings, FlagChanges {
  /** At most 255 bytes; "" removes it. */
  readonly alias?: string;
  /** New name; the link must be named by its index. */
  readonly rename?: string;
  /** Descriptor of the network namespace to move it to. */
  readonly netnsFd?: number;
  /** The link's own values below /proc/sys/net/ipv4/conf. The link must be up or have had an address for some. */
  readonly ipv4?: Partial<Record<Devconf, number>>;
  /** How the kernel makes its link-local IPv6 address, by name or number. EAFNOSUPPORT where IPv6 is off. */
  readonly addrGenMode?: keyof typeof addrGenModes | number;
}

/**
 * Changes what is named and nothing else. The kernel applies the changes one by one, so after an error some may stand.
 * @throws {RangeError} for a new name on a link that is named by its old one
 */
export function setLink(key: LinkKey, changes: LinkChanges): Request {
  const { alias, rename, netnsFd } = changes;
  if (rename !== undefined && typeof key === "string") throw new RangeError(`rename ${key}: give its index`);
  const parts = [keyedLink(key, changes), ...encodeSettings(changes)];
  if (netnsFd !== undefined) parts.push(u32(IFLA_NET_NS_FD, netnsFd));
  if (rename !== undefined) parts.push(text(IFLA_IFNAME, rename));
  if (alias !== undefined) parts.push(bytes(IFLA_IFALIAS, encodeText(alias)));
  const families = encodeFamilies(changes);
  if (families.length > 0) parts.push(nested(IFLA_AF_SPEC, families));
  return {
    get title() {
      return changesTitle(key, changes);
    },
    type: RTM_NEWLINK,
    flags: 0,
    payload: concat(parts),
  };
}

function encodeFamilies({ ipv4, addrGenMode }: LinkChanges): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (ipv4 !== undefined) {
    const values = devconfEntries(ipv4).map(([name, value]) => u32(devconf[name], value));
    parts.push(nested(AF_INET, [nested(IFLA_INET_CONF, values)]));
  }
  if (addrGenMode !== undefined) {
    const mode = typeof addrGenMode === "number" ? addrGenMode : addrGenModes[addrGenMode];
    parts.push(nested(AF_INET6, [u8(IFLA_INET6_ADDR_GEN_MODE, mode)]));
  }
  return parts;
}

function changesTitle(key: LinkKey, changes: LinkChanges): string {
  const { up, allMulticast, alias, rename, netnsFd, ipv4, addrGenMode } = changes;
  const words = [`link set ${keyTitle(key)}${settingsTitle(changes)}`];
  if (up !== undefined) words.push(up ? "up" : "down");
  if (allMulticast !== undefined) words.push(`allmulticast ${allMulticast ? "on" : "off"}`);
  if (netnsFd !== undefined) words.push(`netns fd ${netnsFd}`);
  if (rename !== undefined) words.push(`name ${rename}`);
  if (alias !== undefined) words.push(`alias "${alias}"`);
  for (const [name, value] of devconfEntries(ipv4 ?? {})) words.push(`ipv4.${name}=${value}`);
  if (addrGenMode !== undefined) words.push(`addrgenmode ${addrGenMode}`);
  return words.join(" ");
}

function devconfEntries(values: Partial<Record<Devconf, number>>): readonly [Devconf, number][] {
  return Object.entries(values) as [Devconf, number][];
}
