/** Taps of the fake kernel. Nobody ever opens one. */
import type { NewTap } from "../../lib/linux/vm/create-tap.ts";
import { nested, u8, u32 } from "../../lib/netlink/attr.ts";
import * as ifla from "../../lib/netlink/route/ifinfo.ts";
import { addLink, type FakeLink, linkNamed, Refusal, type Stack } from "./stack.ts";

/** As tun_set_iff of drivers/net/tun.c with IFF_TUN_EXCL. */
export function addTap(stack: Stack, tap: NewTap): void {
  if (linkNamed(stack, tap.name)) throw new Refusal("EBUSY");
  addLink(stack, { name: tap.name, kind: "tun", tap });
}

/** IFLA_TUN_* of linux/if_link.h. */
export function encodeTap({ tap }: FakeLink): readonly Uint8Array[] {
  if (tap === undefined) return [];
  const { owner, group, multiQueue, vnetHeader } = tap;
  const parts = [u8(3, 2), u8(5, Number(vnetHeader)), u8(6, 1), u8(7, Number(multiQueue))];
  if (owner !== undefined) parts.push(u32(1, owner));
  if (group !== undefined) parts.push(u32(2, group));
  return [nested(ifla.IFLA_INFO_DATA, parts)];
}
