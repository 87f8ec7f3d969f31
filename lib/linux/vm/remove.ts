/** Taking away the taps of synthetic VM NICs, opened by somebody or not. Absent is success. */
import type { Plan } from "../../model/plan.ts";
import { firstTapName, joinedTap, linkName } from "../../model/vm-nic.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { deleteGroup, deleteLink, dumpLinks } from "../../netlink/route/link.ts";
import { gone } from "../gone.ts";
import { linkOf } from "../link-of.ts";
import { markedKey } from "../mark.ts";
import { joinedGroup } from "./group.ts";

/**
 * The tap in the compartment, and with it the link that it is joined to, so that the kernel waits but once.
 *
 * @param plan absent when the state is lost: then the marks tell
 */
export function removeJoinedTap(inside: Netlink, key: string, plan: Plan | undefined): void {
  if (plan !== undefined && joinedTap(plan) === undefined) return;
  const tap = findTap(inside, key, plan && joinedTap(plan)?.name);
  if (tap === undefined) return;
  const link = plan && linkOf(inside, linkName(plan));
  const isPair = link !== undefined && tap.group === joinedGroup(link.index) && link.group === tap.group;
  gone(inside, isPair ? deleteGroup(tap.group) : deleteLink(tap.index));
}

/** @param name absent when it is not known */
export function findTap(netlink: Netlink, key: string, name: string | undefined): Link | undefined {
  const named = name === undefined ? undefined : linkOf(netlink, name);
  if (named !== undefined && isTapOf(named, key)) return named;
  // Somebody may have given it another name; or its ADD was killed before it had its own.
  return netlink
    .request(dumpLinks({ kind: "tun" }))
    .map(decodeLink)
    .find((link) => isTapOf(link, key));
}

/** Bears our mark, or none yet and the name that only our tap has. */
export function isTapOf({ kind, alias, name }: Link, key: string): boolean {
  if (kind !== "tun") return false;
  return alias === undefined ? name === firstTapName({ key }) : markedKey(alias) === key;
}
