/** Whose a published port is that an endpoint wanted. */
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import type { Netlink } from "../netlink/connection.ts";
import { endpointElements } from "./compile/elements.ts";
import type { LayoutElement } from "./layout/element.ts";
import { encodeGet, findElement } from "./layout/element-requests.ts";
import { parseEndpointComment } from "./mark.ts";

/**
 * The kernel refuses all ports of an endpoint at once and names none. The store knows who holds a port, unless it was
 * lost, or the holder is in another store on this host.
 *
 * @returns undefined when no port is anybody else's
 */
export function portTaken(rules: Netlink, plan: Plan): CniError | undefined {
  const wanted = endpointElements(plan).filter(({ set }) => set.startsWith("published"));
  const outcomes = rules.requests(wanted.map(encodeGet));
  const taken = wanted.flatMap((element, i) => findElement(element, outcomes[i]) ?? [])[0];
  if (taken === undefined) return undefined;
  const [port, protocol, hostIp = "any address"] = taken.key.toReversed();
  return new CniError(
    errorCode.portTaken,
    `host port ${port}/${protocol} is taken by ${holderOf(taken)} (network/container/interface)`,
    {
      reason: "port-taken",
      details: `the holder published it on ${hostIp}; choose another hostPort or hostIP`,
    },
  );
}

function holderOf({ comment }: LayoutElement): string {
  const mark = parseEndpointComment(comment);
  if (mark === undefined) return `"${comment ?? "somebody"}"`;
  return mark.owner === undefined ? `endpoint ${mark.key}` : formatOwner(mark.owner);
}
