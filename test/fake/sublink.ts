/** Links on other links in the fake kernel: macvlans and VLANs, here or in a compartment. */
import { nested, u16, u32 } from "../../lib/netlink/attr.ts";
import type { Link } from "../../lib/netlink/route/decode-link.ts";
import * as ifla from "../../lib/netlink/route/ifinfo.ts";
import { decodeSublink, type Sublink } from "../../lib/netlink/route/sublink.ts";
import { addLink, type FakeLink, Refusal, type Stack } from "./stack.ts";

const modes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;

/** What hangs on a link and is still there: a compartment may have gone with its own. */
export function uppersOf(lower: FakeLink): readonly FakeLink[] {
  return (lower.uppers ?? [])
    .filter(({ stack, link }) => stack.links.get(link.index) === link)
    .map(({ link }) => link);
}

/** As macvlan_common_newlink of drivers/net/macvlan.c and vlan_newlink of net/8021q/vlan_netlink.c. */
export function addSublink(
  wanted: Link,
  stack: Stack,
  target: Stack,
  settings: Parameters<typeof addLink>[1],
): void {
  const found = stack.links.get(wanted.peerIndex ?? 0);
  if (found === undefined) throw new Refusal("ENODEV");
  const sublink = decodeSublink(wanted);
  if (sublink === undefined) throw new Refusal("EINVAL");
  const lower = found.kind === "macvlan" ? (found.lower ?? found) : found;
  const mtu = settings.mtu ?? lower.mtu;
  refuse(sublink, lower, mtu);
  const link = addLink(target, { ...settings, mtu, sublink, lower });
  lower.uppers = [...(lower.uppers ?? []), { stack: target, link }];
}

function refuse(sublink: Sublink, lower: FakeLink, mtu: number): void {
  if (mtu > lower.mtu) throw new Refusal(sublink.kind === "vlan" ? "ERANGE" : "EINVAL");
  const others = uppersOf(lower).flatMap(({ sublink: other }) => other ?? []);
  if (sublink.kind === "vlan") {
    if (others.some((other) => other.kind === "vlan" && other.id === sublink.id)) throw new Refusal("EEXIST");
    return;
  }
  if (lower.master !== undefined) throw new Refusal("EBUSY");
  const macvlans = others.filter((other) => other.kind === "macvlan");
  const whole = [...macvlans, sublink].some((one) => one.kind === "macvlan" && one.mode === "passthru");
  if (whole && macvlans.length > 0) throw new Refusal("EINVAL");
}

/** No two macvlans of one link are up with one MAC. */
export function refuseUp(link: FakeLink): void {
  if (link.kind !== "macvlan" || link.lower === undefined) return;
  const others = uppersOf(link.lower).filter((other) => other !== link && other.up);
  if (others.some(({ mac }) => mac === link.mac)) throw new Refusal("EADDRINUSE");
}

/** IFLA_LINK, and what a kind has in its IFLA_INFO_DATA. */
export function encodeLower({ lower, sublink }: FakeLink): {
  readonly attrs: readonly Uint8Array[];
  readonly info: readonly Uint8Array[];
} {
  if (lower === undefined || sublink === undefined) return { attrs: [], info: [] };
  const data =
    sublink.kind === "vlan" ? u16(1, sublink.id) : u32(1, modes[sublink.mode as keyof typeof modes]);
  return { attrs: [u32(ifla.IFLA_LINK, lower.index)], info: [nested(ifla.IFLA_INFO_DATA, [data])] };
}
