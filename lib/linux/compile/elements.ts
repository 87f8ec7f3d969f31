/** The nftables elements of a switch and of an endpoint. Pure. */
import { networkOf, type Prefix, prefixFamily } from "../../addr/prefix.ts";
import type { Owner } from "../../model/owner.ts";
import type { Port } from "../../model/port.ts";
import type { Switch } from "../../model/switch.ts";
import { policiesOf } from "../../policy/policy.ts";
import {
  directElements,
  type LayoutElement,
  natElement,
  publishedElement,
  switchElement,
} from "../layout/element.ts";
import { endpointComment, networkComment } from "../mark.ts";

/** Shared by all endpoints of the network: its bridge, its masqueraded sources and what they reach as they are. */
export function switchElements(wanted: Switch): readonly LayoutElement[] {
  const comment = networkComment(wanted.network);
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
  return elements;
}

/** An endpoint's own: its published ports. */
export function endpointElements(owner: Owner, port: Port): readonly LayoutElement[] {
  const comment = endpointComment(owner);
  return policiesOf(port.policies, "PortMapping").map((mapping) => publishedElement(mapping, comment));
}
