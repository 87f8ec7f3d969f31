/** The nftables elements of a switch and of an endpoint. Pure. */
import { networkOf, type Prefix, prefixFamily } from "../../addr/prefix.ts";
import { type Plan, switchName } from "../../model/plan.ts";
import { isBridge, isOverlay, isStacked, type Switch } from "../../model/switch.ts";
import { clipComment } from "../../netlink/nft/userdata.ts";
import { type PolicyKind, type PolicyOf, policiesOf } from "../../policy/policy.ts";
import {
  directElements,
  type LayoutElement,
  natElement,
  publishedElement,
  switchElement,
} from "../layout/element.ts";
import type { PortAcl } from "../layout/port-acl.ts";
import { endpointComment, networkComment } from "../mark.ts";
import { aclElements, portAcls } from "./policy/acl.ts";
import { guardElements } from "./policy/guard.ts";
import { outboundNatElements } from "./policy/outbound-nat.ts";

const tunnels = () =>
  require("../overlay/tunnel-elements.ts") as typeof import("../overlay/tunnel-elements.ts");

/** Shared by all endpoints of the network: its bridge, its masqueraded sources and what they reach as they are. */
export function switchElements(wanted: Switch): readonly LayoutElement[] {
  if (isStacked(wanted)) return [];
  const comment = networkComment(wanted.network);
  // Nothing stands between the LAN and the host's other networks that did not before. By this one the tables are in use.
  if (isBridge(wanted))
    return [{ set: "dropped_between", key: [wanted.name], comment: clipComment(comment) }];
  const elements: LayoutElement[] = [switchElement(wanted.name, comment)];
  const { outboundNat } = wanted;
  const subnets = [...new Set(wanted.gateways.map(networkOf))];
  for (const source of subnets) {
    const family = prefixFamily(source);
    const ofFamily = (other: Prefix): boolean => prefixFamily(other) === family;
    // Within the network too: by these the layout knows an answer that must come back through the host (hairpin).
    const direct = [...subnets, ...(outboundNat?.exceptions ?? [])].filter(ofFamily);
    if (outboundNat !== undefined) elements.push(natElement(source, comment));
    elements.push(...directElements(source, direct, comment));
  }
  if (isOverlay(wanted)) elements.push(...tunnels().tunnelElements(wanted));
  return [...elements, ...reachElements(wanted)];
}

/** A network may be named by its bridge as well, where that bears a name of its own. */
function reachElements({ name, network, isolated, reachable }: Switch): readonly LayoutElement[] {
  const comment = clipComment(networkComment(network));
  const elements: LayoutElement[] = [{ set: "dropped_between", key: [name], comment }];
  elements.push({ set: isolated ? "isolated" : "reachable", key: [name, name], comment });
  if (reachable === true) elements.push({ set: "reachable_by_all", key: [name], comment });
  else {
    const sources = (reachable ?? []).flatMap((one) => [switchName(one), ...(isIfname(one) ? [one] : [])]);
    const others = [...new Set(sources)].filter((source) => source !== name);
    elements.push(
      ...others.map((source): LayoutElement => ({ set: "reachable", key: [source, name], comment })),
    );
  }
  return elements;
}

const isIfname = (name: string): boolean => name.length <= 15 && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name);

type Compilers = {
  readonly [K in PolicyKind]: (policies: readonly PolicyOf<K>[], plan: Plan) => readonly LayoutElement[];
};

/** One entry for each kind of policy; the limits of QOS are no elements (compile/qos.ts). */
const compilers: Compilers = {
  PortMapping: (mappings) => mappings.map((mapping) => publishedElement(mapping, "")),
  OutBoundNAT: outboundNatElements,
  ACL: (_, plan) => aclElements(plan),
  Guard: guardElements,
  QOS: () => [],
};

/** An endpoint's own, for the policies of its port. What makes rules look at the port comes last of each kind. */
export function endpointElements(plan: Plan): readonly LayoutElement[] {
  if (isStacked(plan.switch)) return [];
  const comment = clipComment(endpointComment(plan.owner));
  const kinds = Object.keys(compilers) as readonly PolicyKind[];
  const astray: LayoutElement = { set: "dropped_astray", key: [plan.port.name] };
  return [astray, ...kinds.flatMap((kind) => compile(kind, plan))].map((element) => ({
    ...element,
    comment,
  }));
}

/** What an endpoint's ACLs name, which stands in sets of the port's own. @throws {CniError} 7 for too many */
export function endpointAcls(plan: Plan): readonly PortAcl[] {
  return portAcls(policiesOf(plan.port.policies, "ACL"), plan, clipComment(endpointComment(plan.owner)));
}

function compile<K extends PolicyKind>(kind: K, plan: Plan): readonly LayoutElement[] {
  return compilers[kind](policiesOf(plan.port.policies, kind), plan);
}
