/** Layers of a port whose endpoint has these addresses, once it is known that it can keep them. Pure. */
import { type Ip, ipFamily } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { formatAcl } from "../policy/format-policy.ts";
import {
  idleVirtualIps,
  type PortLayers,
  type PortPolicies,
  portLayers,
  splitAddresses,
} from "../policy/port-policies.ts";

/** @throws {CniError} 2 or 7 for policies that the port of an endpoint with these addresses cannot keep */
export function planLayers(port: PortPolicies, mac: Mac, addresses: readonly Ip[]): PortLayers {
  const held = `addresses of the container: ${addresses.join(", ") || "none"}`;
  const [split] = splitAddresses(port.acls, addresses);
  if (split !== undefined) {
    throw new CniError(
      errorCode.unsupportedField,
      `${formatAcl(split)}: LocalAddresses holds some of the container's addresses of one family, not all`,
      {
        reason: "acl-local-addresses",
        details: `${held}; a port judges all of one family alike: name them all, or leave LocalAddresses out`,
      },
    );
  }
  const [idle] = idleVirtualIps(port, addresses);
  if (idle !== undefined) {
    throw new CniError(
      errorCode.invalidConfig,
      `OutBoundNAT VirtualIP ${idle}: the container has no IPv${ipFamily(idle)} address`,
      { reason: "nat-without-address", details: `${held}; remove the policy, or give it one` },
    );
  }
  return portLayers(port, { mac, addresses });
}
