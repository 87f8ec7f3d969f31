/** Reading the ACLs of ports in the kernel. */
import type { Plan } from "../model/plan.ts";
import type { Netlink } from "../netlink/connection.ts";
import { endpointAcls } from "./compile/elements.ts";
import {
  type AclParts,
  type AclState,
  dumpAcls,
  foundParts,
  getParts,
  missingAcls,
} from "./layout/port-acl-requests.ts";

/** What there is of a port's ACLs, whole or not. @throws {NetlinkError} */
export function aclParts(rules: Netlink, port: string): readonly AclParts[] {
  return foundParts(port, rules.requests(getParts(port)));
}

/** The same of a planned port; nothing is asked for one without ACLs. @throws {NetlinkError} */
export function observeAcls(rules: Netlink, { port }: Plan): readonly AclParts[] {
  return port.aclDefault === undefined ? [] : aclParts(rules, port.name);
}

/** @throws {NetlinkError} */
export function compareAcls(rules: Netlink, plan: Plan): AclState {
  const wanted = endpointAcls(plan);
  const there = observeAcls(rules, plan);
  return { missing: missingAcls(wanted, there, rules.requests(dumpAcls(wanted))), there };
}
