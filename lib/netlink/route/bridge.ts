/** Bridges, the kernel's switches: IFLA_BR_* of linux/if_link.h. */
import { bytes, getU8, getU32, nested, text, u32 } from "../attr.ts";
import { concat, encodeText, writeU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL, type Request } from "../message.ts";
import type { Link } from "./decode-link.ts";
import {
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  ifinfomsg,
  RTM_NEWLINK,
} from "./ifinfo.ts";
import { encodeSettings, type LinkSettings, settingsTitle } from "./link-settings.ts";

const IFLA_BR_STP_STATE = 5;
const IFLA_BR_VLAN_FILTERING = 7;
const IFLA_BR_MCAST_SNOOPING = 23;
const IFLA_BR_MULTI_BOOLOPT = 46;
/** Number of the bit in struct br_boolopt_multi (linux/if_bridge.h). */
const BR_BOOLOPT_NO_LL_LEARN = 0;

export interface NewBridge extends Omit<LinkSettings, "master"> {
  readonly name: string;
  readonly up?: boolean;
  /** Whether it learns MACs from frames to 01:80:c2:00:00:0X, which no filter of its ports sees. Absent: it does. */
  readonly linkLocalLearning?: boolean;
}

/** EEXIST when the name is taken. No spanning tree; all else as the kernel has it by default. */
export function createBridge(bridge: NewBridge): Request {
  const info = [
    bytes(IFLA_INFO_KIND, encodeText("bridge")),
    nested(IFLA_INFO_DATA, [
      u32(IFLA_BR_STP_STATE, 0),
      ...(bridge.linkLocalLearning === false ? [noLinkLocalLearning()] : []),
    ]),
  ];
  const parts = [
    ifinfomsg(0, bridge.up || undefined),
    ...encodeSettings(bridge),
    text(IFLA_IFNAME, bridge.name),
    nested(IFLA_LINKINFO, info),
  ];
  return {
    title: `link add ${bridge.name}${settingsTitle(bridge)}${bridge.up ? " up" : ""} type bridge stp_state 0${bridge.linkLocalLearning === false ? " no_linklocal_learn 1" : ""}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat(parts),
  };
}

/** struct br_boolopt_multi: values, and a mask of those that are meant. */
function noLinkLocalLearning(): Uint8Array {
  const options = new Uint8Array(8);
  writeU32(options, 0, 1 << BR_BOOLOPT_NO_LL_LEARN);
  writeU32(options, 4, 1 << BR_BOOLOPT_NO_LL_LEARN);
  return bytes(IFLA_BR_MULTI_BOOLOPT, options);
}

export interface Bridge {
  readonly stp: boolean;
  readonly vlanFiltering: boolean;
  readonly multicastSnooping: boolean;
}

/** @returns undefined when the link is no bridge */
export function decodeBridge({ kind, data }: Link): Bridge | undefined {
  if (kind !== "bridge") return undefined;
  return {
    stp: getU32(data, IFLA_BR_STP_STATE) !== 0,
    vlanFiltering: getU8(data, IFLA_BR_VLAN_FILTERING) === 1,
    multicastSnooping: getU8(data, IFLA_BR_MCAST_SNOOPING) === 1,
  };
}
