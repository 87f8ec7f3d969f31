/** Policies in one line each, for plans, traces and the operator's tool. */
import type { Acl, PortRange } from "./acl.ts";
import type { OutBoundNat } from "./outbound-nat.ts";
import type { Policy } from "./policy.ts";
import type { Qos, Rate } from "./qos.ts";

/** `ACL 100 Allow In protocol 6 local port 80 from 10.0.0.0/8`. */
export function formatPolicy(policy: Policy): string {
  switch (policy.kind) {
    case "Guard": {
      const allowed = policy.allow.length > 0 ? `, may be ${policy.allow.join(" and ")}` : "";
      return `Guard ${policy.mac} ${policy.addresses.join(" ")}${allowed}`;
    }
    case "ACL":
      return formatAcl(policy);
    case "QOS":
      return formatQos(policy);
    case "OutBoundNAT":
      return formatOutBoundNat(policy);
    case "PortMapping": {
      const { protocol, hostIp, hostPort, address, containerPort } = policy;
      return `PortMapping ${hostIp ?? "any"} ${protocol} ${hostPort} -> ${address} ${containerPort}`;
    }
  }
}

export function formatAcl(acl: Acl): string {
  const { priority, action, direction, protocols, localAddresses, localPorts, remoteAddresses, remotePorts } =
    acl;
  const list = (title: string, items: readonly unknown[]): string =>
    items.length > 0 ? ` ${title} ${items.join(",")}` : "";
  return [
    `ACL ${priority} ${action} ${direction}`,
    list("protocol", protocols),
    list("local", localAddresses),
    list("local port", localPorts.map(formatRange)),
    list(direction === "In" ? "from" : "to", remoteAddresses),
    list("remote port", remotePorts.map(formatRange)),
    acl.id === undefined ? "" : ` (${acl.id})`,
  ].join("");
}

const formatRange = ({ first, last }: PortRange): string =>
  first === last ? `${first}` : `${first}-${last}`;

function formatQos({ out, in: into }: Qos): string {
  const rate = (title: string, limit: Rate | undefined): string =>
    limit === undefined ? "" : ` ${title} ${limit.bytesPerSecond} bytes/s`;
  return `QOS${rate("out", out)}${rate("in", into)}`;
}

function formatOutBoundNat({ addresses, exceptions, destinations, virtualIp }: OutBoundNat): string {
  const only = destinations.length > 0 ? ` only to ${destinations.join(" ")}` : "";
  const except = exceptions.length > 0 ? ` except to ${exceptions.join(" ")}` : "";
  return `OutBoundNAT ${addresses.join(" ")}${only}${except}${virtualIp === undefined ? "" : ` as ${virtualIp}`}`;
}
