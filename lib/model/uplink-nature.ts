/** What an uplink is, and whether containers can have MAC addresses of their own behind it. Pure. */

export interface UplinkNature {
  readonly name: string;
  /** Its frames are Ethernet's (linux/if_arp.h ARPHRD_ETHER). */
  readonly ethernet: boolean;
  /** "bridge", "macvlan"; absent for hardware. */
  readonly kind?: string;
  /** What it is a part of already: a bridge, a bond, a VRF. */
  readonly master?: string;
  /** IEEE 802.11. */
  readonly wireless: boolean;
  /** Whose virtual machine this is, where only the machine's own MAC passes. */
  readonly cloud?: string;
}

/** Firmware's words for the machine (SMBIOS), as the kernel shows them below /sys/class/dmi/id. */
export interface Firmware {
  readonly vendor?: string | undefined;
  readonly product?: string | undefined;
  readonly bios?: string | undefined;
  readonly chassisTag?: string | undefined;
}

export interface Doubt {
  /** Stable. */
  readonly reason:
    | "uplink-not-ethernet"
    | "uplink-is-bridge"
    | "uplink-kind"
    | "uplink-in-use"
    | "uplink-wireless"
    | "uplink-cloud";
  /** It is told by signs, and may be wrong. */
  readonly guess: boolean;
  /** What it is. */
  readonly what: string;
  readonly remedy: string;
}

/** Tags that every machine of a cloud has, whoever made it. */
const chassisTags: ReadonlyMap<string, string> = new Map([
  ["7783-7084-3265-9085-8269-3286-77", "Microsoft Azure"],
  ["OracleCloud.com", "Oracle Cloud"],
]);

/** Clouds whose switches drop every MAC but the machine's own. What runs on OpenStack or KVM alone may be anybody's. */
export function cloudOf({
  vendor = "",
  product = "",
  bios = "",
  chassisTag = "",
}: Firmware): string | undefined {
  const tagged = chassisTags.get(chassisTag);
  if (tagged !== undefined) return tagged;
  if (vendor === "Amazon EC2" || bios === "Amazon EC2") return "Amazon EC2";
  if (product === "Google Compute Engine" || vendor === "Google") return "Google Compute Engine";
  if (vendor === "DigitalOcean" || vendor === "Alibaba Cloud") return vendor;
  return vendor === "Hetzner" ? "Hetzner Cloud" : undefined;
}

/** Links whose one MAC is all that passes them, or that have none of their own. */
const unfit = ["macvlan", "macvtap", "ipvlan", "ipvtap", "wireguard", "ppp", "vrf", "ifb"];

const routed = 'take "switch": "routed", which needs the host\'s own MAC alone';
const sure = 'where you know better, "checkUplink": false says so';

/** What speaks against containers' own MACs on the uplink: what is impossible first, then what is likely. */
export function doubtUplink({
  name,
  ethernet,
  kind,
  master,
  wireless,
  cloud,
}: UplinkNature): readonly Doubt[] {
  const doubts: Doubt[] = [];
  const doubt = (reason: Doubt["reason"], what: string, remedy: string, guess = false): void => {
    doubts.push({ reason, guess, what, remedy });
  };
  const other = "name another uplink, or another kind of switch";
  if (kind === "bridge")
    doubt(
      "uplink-is-bridge",
      `${name} is a bridge, and no bridge is a port of another`,
      `use it: "bridge": "${name}"`,
    );
  else if (!ethernet) doubt("uplink-not-ethernet", `${name} carries no Ethernet frames`, other);
  else if (kind !== undefined && unfit.includes(kind))
    doubt("uplink-kind", `${name} is of kind ${kind}, which passes no other MAC than its own`, other);
  if (master !== undefined)
    doubt(
      "uplink-in-use",
      `${name} is a part of ${master} already`,
      `name what it is a part of: "bridge": "${master}" for a bridge, "uplink": "${master}" for a bond`,
    );
  if (wireless)
    doubt(
      "uplink-wireless",
      `${name} is wireless: an access point takes frames from one MAC alone`,
      `${routed}; ${sure}`,
      true,
    );
  if (cloud !== undefined)
    doubt(
      "uplink-cloud",
      `this is a virtual machine of ${cloud}, whose network drops every MAC but the machine's own`,
      `${routed}; ${sure}`,
      true,
    );
  return doubts;
}
