/** Reading what an uplink is: the kernel's link, and what sysfs shows of its driver and of the machine. */

import { cloudOf, type Firmware, type UplinkNature } from "../model/uplink-nature.ts";
import { readU16 } from "../netlink/bytes.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeLink } from "../netlink/route/decode-link.ts";
import { getLink } from "../netlink/route/link.ts";
import { readText } from "../os/file.ts";
import { statFile } from "../os/stat.ts";

/** linux/if_arp.h. */
const ARPHRD_ETHER = 1;

/**
 * @param index of the uplink
 * @param ours index of what may be its master without being in the way
 * @param sysRoot where sysfs is mounted
 */
export function readNature(host: Netlink, index: number, ours?: number, sysRoot = "/sys"): UplinkNature {
  const [reply] = host.request(getLink(index));
  if (reply === undefined) throw new Error(`the kernel answered nothing about link ${index}`);
  const { name, kind, master } = decodeLink(reply);
  const masterName = master === undefined || master === ours ? undefined : nameOf(host, master);
  const cloud = cloudOf(readFirmware(sysRoot));
  return {
    name,
    // struct ifinfomsg: family, then the type of hardware.
    ethernet: readU16(reply.payload, 2) === ARPHRD_ETHER,
    ...(kind === undefined ? {} : { kind }),
    ...(masterName === undefined ? {} : { master: masterName }),
    wireless: ["phy80211", "wireless"].some(
      (entry) => statFile(`${sysRoot}/class/net/${name}/${entry}`) !== undefined,
    ),
    ...(cloud === undefined ? {} : { cloud }),
  };
}

function nameOf(host: Netlink, index: number): string {
  const [reply] = host.request(getLink(index));
  return reply === undefined ? `index ${index}` : decodeLink(reply).name;
}

/** What is not there, or not for everybody to read, tells nothing. */
function readFirmware(sysRoot: string): Firmware {
  const word = (file: string): string | undefined => {
    try {
      return readText(`${sysRoot}/class/dmi/id/${file}`).trim();
    } catch {
      return undefined;
    }
  };
  return {
    vendor: word("sys_vendor"),
    product: word("product_name"),
    bios: word("bios_vendor"),
    chassisTag: word("chassis_asset_tag"),
  };
}
