/** VXLANs of the fake kernel, and the flags of bridge ports. */
import { type Attr, bytes, getU8, nested, u8 } from "../../lib/netlink/attr.ts";
import type { Link } from "../../lib/netlink/route/decode-link.ts";
import * as ifla from "../../lib/netlink/route/ifinfo.ts";
import { decodeVxlan } from "../../lib/netlink/route/vxlan.ts";
import { type FakeLink, Refusal, type Stack } from "./stack.ts";

/** The kernel has one for a VNI at a port (vxlan_dev_configure of drivers/net/vxlan/vxlan_core.c). */
export function refuseRival(stack: Stack, wanted: Link): void {
  const own = decodeVxlan(wanted);
  const same = [...stack.links.values()].some((link) => {
    const other = vxlanOf(link);
    return other?.vni === own?.vni && other?.udpPort === own?.udpPort;
  });
  if (own !== undefined && same) throw new Refusal("EEXIST");
}

export const vxlanOf = ({ kind, vxlan }: FakeLink) =>
  vxlan && decodeVxlan({ kind, data: vxlan } as unknown as Link);

/** What a change names takes the place of what was there. */
export function changeVxlan(link: FakeLink, data: readonly Attr[]): void {
  if (link.vxlan === undefined || data.length === 0) return;
  const types = new Set(data.map(({ type }) => type));
  link.vxlan = [...link.vxlan.filter(({ type }) => !types.has(type)), ...data];
}

/** IFLA_INFO_DATA as it was given. */
export function encodeVxlan({ vxlan }: FakeLink): readonly Uint8Array[] {
  if (vxlan === undefined) return [];
  return [
    nested(
      ifla.IFLA_INFO_DATA,
      vxlan.map(({ type, bytes: value }) => bytes(type, value)),
    ),
  ];
}

/** IFLA_BRPORT_* by the words of `ip link`, and what a new port has. */
const portFlags = {
  hairpin: [4, false],
  learning: [8, true],
  flood: [9, true],
  mcast_flood: [27, true],
  bcast_flood: [30, true],
  neigh_suppress: [32, false],
  isolated: [33, false],
} as const;
const words = { true: "on", false: "off" } as const;

/** Only what is not as a new port has it is among the traits. */
export function changePort(link: FakeLink, data: readonly Attr[]): void {
  for (const [flag, [attr, usual]] of Object.entries(portFlags)) {
    const value = getU8(data, attr);
    if (value === undefined) continue;
    const trait = `${flag} ${words[`${!usual}`]}`;
    if ((value === 1) === usual) link.traits.delete(trait);
    else link.traits.add(trait);
  }
}

/** What leaves a bridge has no flags any more, and no rows there. */
export function leaveBridge(link: FakeLink): void {
  delete link.master;
  for (const [flag, [, usual]] of Object.entries(portFlags))
    link.traits.delete(`${flag} ${words[`${!usual}`]}`);
  link.fdb = link.fdb?.filter(({ on }) => on === "self");
}

/** IFLA_INFO_SLAVE_DATA. */
export function encodePort({ traits }: FakeLink): Uint8Array {
  return nested(
    ifla.IFLA_INFO_SLAVE_DATA,
    Object.entries(portFlags).map(([flag, [attr, usual]]) => {
      const other = traits.has(`${flag} ${words[`${!usual}`]}`);
      return u8(attr, Number(other !== usual));
    }),
  );
}
