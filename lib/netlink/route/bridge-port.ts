/** What a link is as the port of a bridge: IFLA_BRPORT_* of linux/if_link.h. */
import { bytes, getU8, nested, u8 } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import type { Request } from "../message.ts";
import type { Link } from "./decode-link.ts";
import {
  IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND,
  IFLA_LINKINFO,
  keyedLink,
  keyTitle,
  type LinkKey,
  RTM_NEWLINK,
} from "./ifinfo.ts";

/** IFLA_BRPORT_* under the words of `ip link set type bridge_slave`. */
const portAttrs = {
  hairpin: 4,
  guard: 5,
  learning: 8,
  flood: 9,
  mcast_flood: 27,
  bcast_flood: 30,
  neigh_suppress: 32,
  isolated: 33,
} as const;

/** Each a switch; what is not named stays as it is. */
export type BridgePort = Record<keyof typeof portAttrs, boolean>;

/** The link must be a port already: EOPNOTSUPP else. */
export function setBridgePort(key: LinkKey, port: Partial<BridgePort>): Request {
  const entries = Object.entries(port) as [keyof BridgePort, boolean][];
  const info = [
    bytes(IFLA_INFO_SLAVE_KIND, encodeText("bridge")),
    nested(
      IFLA_INFO_SLAVE_DATA,
      entries.map(([name, on]) => u8(portAttrs[name], on ? 1 : 0)),
    ),
  ];
  const words = entries.map(([name, on]) => ` ${name} ${on ? "on" : "off"}`);
  return {
    title: `link set ${keyTitle(key)} type bridge_slave${words.join("")}`,
    type: RTM_NEWLINK,
    flags: 0,
    payload: concat([keyedLink(key), nested(IFLA_LINKINFO, info)]),
  };
}

/** @returns undefined when the link is no port of a bridge */
export function decodeBridgePort({ slaveKind, slaveData }: Link): BridgePort | undefined {
  if (slaveKind !== "bridge") return undefined;
  const on = (name: keyof BridgePort): boolean => getU8(slaveData, portAttrs[name]) === 1;
  return {
    hairpin: on("hairpin"),
    guard: on("guard"),
    learning: on("learning"),
    flood: on("flood"),
    mcast_flood: on("mcast_flood"),
    bcast_flood: on("bcast_flood"),
    neigh_suppress: on("neigh_suppress"),
    isolated: on("isolated"),
  };
}
