/** The sets and maps of the layout. An endpoint or a network only ever adds elements to them. */
import type { NftFamily } from "../../netlink/nft/message.ts";
import type { NftSet } from "../../netlink/nft/set.ts";

export interface LayoutSet extends Omit<NftSet, "family" | "table" | "set"> {
  /** Of the table it belongs to. Absent: that of LAYOUT_TABLE. */
  readonly family?: NftFamily;
}

const stays = "source . destination that stays as it is";
const masqueraded = "sources that are masqueraded when they leave their network";
const onOneAddress = "published on one host address";
const onEveryAddress = "published on every host address";

/** In the order in which they are created. Names are at most 31 bytes. */
export const LAYOUT_SETS = {
  switches: { key: ["ifname"], comment: "bridges of our networks" },
  nat4: { key: ["ipv4_addr"], interval: true, comment: masqueraded },
  nat6: { key: ["ipv6_addr"], interval: true, comment: masqueraded },
  direct4: { key: ["ipv4_addr", "ipv4_addr"], interval: true, comment: stays },
  direct6: { key: ["ipv6_addr", "ipv6_addr"], interval: true, comment: stays },
  published4: {
    key: ["ipv4_addr", "inet_proto", "inet_service"],
    data: ["ipv4_addr", "inet_service"],
    comment: onOneAddress,
  },
  published6: {
    key: ["ipv6_addr", "inet_proto", "inet_service"],
    data: ["ipv6_addr", "inet_service"],
    comment: onOneAddress,
  },
  published4_any: {
    key: ["inet_proto", "inet_service"],
    data: ["ipv4_addr", "inet_service"],
    comment: onEveryAddress,
  },
  published6_any: {
    key: ["inet_proto", "inet_service"],
    data: ["ipv6_addr", "inet_service"],
    comment: onEveryAddress,
  },
} as const satisfies Record<string, LayoutSet>;

export type LayoutSetName = keyof typeof LAYOUT_SETS;

export const layoutSetNames = Object.keys(LAYOUT_SETS) as readonly LayoutSetName[];

/** The entry with its full type: what a set may have, not only what this one has. */
export function layoutSet(name: LayoutSetName): LayoutSet {
  return LAYOUT_SETS[name];
}
