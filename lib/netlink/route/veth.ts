/** Making a veth pair with its peer in another namespace, by one message (linux/veth.h). */
import { bytes, nested, text, u32 } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL, type Request } from "../message.ts";
import {
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_NET_NS_FD,
  ifinfomsg,
  RTM_NEWLINK,
} from "./ifinfo.ts";
import { encodeSettings, type LinkSettings, settingsTitle } from "./link-settings.ts";

const VETH_INFO_PEER = 1;

export interface VethEnd extends LinkSettings {
  readonly name: string;
  readonly up?: boolean;
}

export interface Veth extends VethEnd {
  /**
   * `netnsFd`: where to put it; without one it stays here. It cannot be a port, nor up before the pair is joined
   * (ENOTCONN).
   */
  readonly peer: Omit<VethEnd, "up"> & { readonly netnsFd?: number };
}

/** EEXIST when either name is taken; then neither end is made. The kernel takes no alias here: `setLink` sets it. */
export function createVeth(veth: Veth): Request {
  const { peer } = veth;
  const inPeer = [ifinfomsg(0, up(peer)), ...encodeSettings(peer)];
  if (peer.netnsFd !== undefined) inPeer.push(u32(IFLA_NET_NS_FD, peer.netnsFd));
  inPeer.push(text(IFLA_IFNAME, peer.name));
  const info = [
    bytes(IFLA_INFO_KIND, encodeText("veth")),
    nested(IFLA_INFO_DATA, [nested(VETH_INFO_PEER, inPeer)]),
  ];
  const parts = [
    ifinfomsg(0, up(veth)),
    ...encodeSettings(veth),
    text(IFLA_IFNAME, veth.name),
    nested(IFLA_LINKINFO, info),
  ];
  return {
    get title() {
      return `link add ${veth.name}${endTitle(veth)} type veth peer ${peer.name}${endTitle(peer)}`;
    },
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat(parts),
  };
}

/** A new link is down, so only "up" is a change. */
function up(end: VethEnd): true | undefined {
  return end.up || undefined;
}

function endTitle(end: VethEnd & { readonly netnsFd?: number }): string {
  const netns = end.netnsFd === undefined ? "" : ` netns fd ${end.netnsFd}`;
  return `${settingsTitle(end)}${end.up ? " up" : ""}${netns}`;
}
