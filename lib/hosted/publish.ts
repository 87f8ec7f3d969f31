/** Published ports of an endpoint: what is asked for, on the addresses that the container has. Pure. */
import { type Family, ipFamily, isUnspecified } from "../addr/ip.ts";
import { type Prefix, prefixAddress, prefixFamily } from "../addr/prefix.ts";
import type { PortMappingRequest } from "../cni/capability.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { PortMapping } from "../policy/port-mapping.ts";

/**
 * Runtime and configuration may ask for the same port twice; for different ones under one number they may not.
 *
 * @throws {CniError} 7 when a port is published on an address family that the container does not have
 */
export function publishAll(
  mappings: readonly PortMappingRequest[],
  addresses: readonly Prefix[],
): readonly PortMapping[] {
  const taken = new Map<string, PortMapping>();
  for (const policy of mappings.flatMap((mapping) => publish(mapping, addresses))) {
    const key = `${policy.protocol} ${policy.hostIp ?? ipFamily(policy.address)} ${policy.hostPort}`;
    const other = taken.get(key);
    if (other !== undefined && other.containerPort !== policy.containerPort) {
      throw new CniError(
        errorCode.invalidConfig,
        `host port ${policy.hostPort}/${policy.protocol} is published twice: to ${other.containerPort} and to ${policy.containerPort}`,
        { reason: "port-twice", details: "one of the port mappings must go" },
      );
    }
    taken.set(key, policy);
  }
  return [...taken.values()];
}

/** The mapping for each family it can serve: the first address of the family is the published one. */
function publish(mapping: PortMappingRequest, addresses: readonly Prefix[]): readonly PortMapping[] {
  const { hostIp, protocol, hostPort, containerPort } = mapping;
  if (hostIp === "::1") throw loopback6(hostPort);
  const any = hostIp === undefined || isUnspecified(hostIp);
  const families: readonly Family[] = hostIp === undefined || hostIp === "::" ? [4, 6] : [ipFamily(hostIp)];
  const published = families.flatMap((family): PortMapping[] => {
    const address = addresses.find((candidate) => prefixFamily(candidate) === family);
    if (address === undefined) return [];
    const common = { kind: "PortMapping", protocol, hostPort, containerPort } as const;
    return [{ ...common, address: prefixAddress(address), ...(any ? {} : { hostIp }) }];
  });
  if (published.length > 0) return published;
  const what = `${hostIp ?? "any address"}:${hostPort}/${protocol}`;
  throw new CniError(
    errorCode.invalidConfig,
    `publish ${what}: the container has no IPv${families.join(" or IPv")} address`,
    {
      reason: "port-without-address",
      details: `addresses of the container: ${addresses.join(", ") || "none"}; publish on an address of its family`,
    },
  );
}

function loopback6(hostPort: number): CniError {
  return new CniError(
    errorCode.invalidConfig,
    `publish [::1]:${hostPort}: the kernel forwards nothing from ::1`,
    {
      reason: "port-on-loopback6",
      details: "publish on 127.0.0.1, on an address of the host, or on any address",
    },
  );
}
