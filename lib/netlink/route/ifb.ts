/** Making an intermediate functional block: a link that sends back in what is redirected to it (drivers/net/ifb.c). */
import { bytes, nested, text } from "../attr.ts";
import { concat, encodeText } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL, type Request } from "../message.ts";
import { IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, ifinfomsg, RTM_NEWLINK } from "./ifinfo.ts";
import { encodeSettings, type LinkSettings, settingsTitle } from "./link-settings.ts";

export interface NewIfb extends Omit<LinkSettings, "master"> {
  readonly name: string;
}

/** EEXIST when the name is taken. It is down. The kernel takes no alias here: `setLink` sets it. */
export function createIfb(ifb: NewIfb): Request {
  return {
    title: `link add ${ifb.name}${settingsTitle(ifb)} type ifb`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat([
      ifinfomsg(0),
      ...encodeSettings(ifb),
      text(IFLA_IFNAME, ifb.name),
      nested(IFLA_LINKINFO, [bytes(IFLA_INFO_KIND, encodeText("ifb"))]),
    ]),
  };
}
