/** Takes from a switch what it has no more: addresses of subnets that are no longer this host's. */
import { type PortedSwitch, switchAddresses } from "../model/switch.ts";
import { deleteAddress } from "../netlink/route/address.ts";
import { isErrno } from "../os/error.ts";
import { addressesOf } from "./addresses-of.ts";
import { switchElements } from "./compile/elements.ts";
import { gone } from "./gone.ts";
import type { LayoutElement } from "./layout/element.ts";
import { encodeDelete } from "./layout/element-requests.ts";
import { linkOf } from "./link-of.ts";
import type { Machine } from "./machine.ts";

/** What is gone already is success. */
export function shrinkSwitch({ host, rules }: Machine, before: PortedSwitch, after: PortedSwitch): void {
  const kept = new Set(switchAddresses(after));
  const link = linkOf(host, before.name);
  const held = link === undefined ? [] : addressesOf(host, link.index);
  for (const address of switchAddresses(before))
    if (link !== undefined && !kept.has(address) && held.includes(address))
      gone(host, deleteAddress(link.index, address));
  const keyOf = ({ set, key }: LayoutElement): string => `${set} ${key.join(" ")}`;
  const wanted = new Set(switchElements(after).map(keyOf));
  for (const element of switchElements(before).filter((one) => !wanted.has(keyOf(one)))) {
    try {
      rules.transaction(encodeDelete([element]));
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
}
