/** An endpoint's own OutBoundNAT to elements. Pure. */
import { ipFamily } from "../../../addr/ip.ts";
import { defaultPrefix, hostPrefix, networkOf, type Prefix, prefixFamily } from "../../../addr/prefix.ts";
import type { Plan } from "../../../model/plan.ts";
import type { OutBoundNat } from "../../../policy/outbound-nat.ts";
import { distinctPrefixes, type LayoutElement } from "../../layout/element.ts";

export function outboundNatElements(
  policies: readonly OutBoundNat[],
  { switch: vswitch }: Plan,
): readonly LayoutElement[] {
  const subnets = vswitch.gateways.map(networkOf);
  const all = policies.flatMap((policy) => elementsOf(policy, subnets));
  // Two policies may except the same; of two for one destination the first holds.
  const byKey = new Map(
    all.toReversed().map((element) => [`${element.set} ${element.key.join(" ")}`, element]),
  );
  return [...byKey.values()].toReversed();
}

function elementsOf(
  { addresses, exceptions, destinations, virtualIp }: OutBoundNat,
  subnets: readonly Prefix[],
): readonly LayoutElement[] {
  return addresses.flatMap((address): LayoutElement[] => {
    const family = ipFamily(address);
    const ofFamily = (prefix: Prefix): boolean => prefixFamily(prefix) === family;
    const source = hostPrefix(address);
    const direct = distinctPrefixes([...subnets, ...exceptions].filter(ofFamily));
    const everywhere = destinations.length === 0;
    const towards = everywhere ? [defaultPrefix(family)] : distinctPrefixes(destinations.filter(ofFamily));
    return [
      ...direct.map((prefix): LayoutElement => ({ set: `own_direct${family}`, key: [source, prefix] })),
      ...towards.map(
        (prefix): LayoutElement =>
          virtualIp === undefined
            ? { set: `own_masqueraded${family}`, key: [source, prefix] }
            : { set: `own_translated${family}`, key: [source, prefix], data: [virtualIp] },
      ),
      { set: `own${family}`, key: [address] },
    ];
  });
}
