/** Entries of our tables that bear an endpoint's mark and that its plan does not have. */
import type { Plan } from "../model/plan.ts";
import type { Netlink } from "../netlink/connection.ts";
import { isErrno } from "../os/error.ts";
import { endpointAcls, endpointElements } from "./compile/elements.ts";
import type { LayoutElement } from "./layout/element.ts";
import { decodeElements, dumpSet, formatElement } from "./layout/element-requests.ts";
import { formatParts } from "./layout/port-acl-requests.ts";
import { endpointSetNames, type LayoutSetName } from "./layout/sets.ts";
import { markedKey } from "./mark.ts";
import { aclParts } from "./port-acls.ts";

/** @returns them in words. @throws {NetlinkError} */
export function extraEntries(rules: Netlink, plan: Plan): readonly string[] {
  const wanted = new Set(endpointElements(plan).map(identity));
  const elements = endpointSetNames
    .flatMap((set) => elementsOf(rules, set))
    .filter((element) => markedKey(element.comment) === plan.key && !wanted.has(identity(element)))
    .map(formatElement);
  return [...elements, ...extraAcls(rules, plan)];
}

function extraAcls(rules: Netlink, plan: Plan): readonly string[] {
  const planned = endpointAcls(plan);
  return aclParts(rules, plan.port.name)
    .filter(
      ({ place: { side, family } }) => !planned.some((acl) => acl.side === side && acl.family === family),
    )
    .map(formatParts);
}

const identity = ({ set, key, data }: LayoutElement): string => JSON.stringify([set, key, data ?? null]);

function elementsOf(rules: Netlink, set: LayoutSetName): readonly LayoutElement[] {
  try {
    return decodeElements(set, rules.request(dumpSet(set)));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}
