/** The policies that a configuration asks for an endpoint: one reader for each, and a word about those that are not there. */
import type { PortMappingRequest } from "../cni/capability.ts";
import { type Issue, readInteger, report } from "../cni/read.ts";
import type { Acl } from "../policy/acl.ts";
import type { Qos } from "../policy/qos.ts";
import { readAcl } from "./acl.ts";
import { type RawPolicy, readEnvelopes } from "./envelope.ts";
import { type OutBoundNatRequest, readOutBoundNat } from "./outbound-nat.ts";
import { readPortMapping } from "./port-mapping.ts";
import { readQos } from "./qos.ts";
import { settingsOf, unsupported } from "./settings.ts";

/** In the order in which they stand. */
export interface EndpointPolicies {
  readonly portMappings: readonly PortMappingRequest[];
  readonly acls: readonly Acl[];
  readonly outboundNat: readonly OutBoundNatRequest[];
  readonly qos: readonly Qos[];
  /** Of each InterfaceParameters: bytes. */
  readonly mtus: readonly number[];
}

type Reader = (raw: RawPolicy, issues: Issue[]) => Partial<EndpointPolicies>;

/** One reader for each policy that there is; every other one is refused. */
const readers: Readonly<Record<string, Reader>> = {
  PortMapping: (raw, issues) => ({ portMappings: listOf(readPortMapping(raw, issues)) }),
  ACL: (raw, issues) => ({ acls: listOf(readAcl(raw, issues)) }),
  OutBoundNAT: (raw, issues) => ({ outboundNat: [readOutBoundNat(raw, issues)] }),
  QOS: (raw, issues) => ({ qos: listOf(readQos(raw, issues)) }),
  InterfaceParameters: (raw, issues) => ({ mtus: listOf(readMtu(raw, issues)) }),
};

/** Types of HCN v1 under their names of v2. */
const firstNames: Readonly<Record<string, string>> = { nat: "PortMapping" };

/** What to do instead of policies that people bring along from Windows. */
const remedies: ReadonlyMap<string, string> = new Map([
  ["tieracl", "write its rules as ACLs: their Priority puts them in order"],
  ["l4proxy", "redirecting to a proxy is not built yet: let the proxy's own init container do it"],
  ["l4wfpproxy", "redirecting to a proxy is not built yet: let the proxy's own init container do it"],
  ["vlan", "a port of this switch bears no VLAN tags: give each VLAN a network of its own"],
  ["encryption", "encrypt in the application, or between hosts beneath the network"],
  ["iov", "the switch is the kernel's own and has no virtual functions to hand out"],
]);

/**
 * @param value a list of policies. @param path where it stands
 * @param issues takes what is malformed
 * @throws {CniError} 2 for a policy that this build does not apply: a policy is never ignored
 */
export function readPolicies(value: unknown, path: string, issues: Issue[]): EndpointPolicies {
  const found = readEnvelopes(value, path, issues).map((raw) => readerOf(raw)(raw, issues));
  return join(found);
}

/** Those of several lists as one. */
export function join(lists: readonly Partial<EndpointPolicies>[]): EndpointPolicies {
  return {
    portMappings: lists.flatMap(({ portMappings = [] }) => portMappings),
    acls: lists.flatMap(({ acls = [] }) => acls),
    outboundNat: lists.flatMap(({ outboundNat = [] }) => outboundNat),
    qos: lists.flatMap(({ qos = [] }) => qos),
    mtus: lists.flatMap(({ mtus = [] }) => mtus),
  };
}

/** The names of types are matched as the reference plugins match them, without regard to case. */
function readerOf({ type, path }: RawPolicy): Reader {
  const folded = type.toLowerCase();
  const name = Object.hasOwn(firstNames, folded) ? firstNames[folded] : type;
  const known = Object.entries(readers).find(([one]) => one.toLowerCase() === name?.toLowerCase());
  if (known !== undefined) return known[1];
  const remedy = remedies.get(folded) ?? `there are ${Object.keys(readers).join(", ")}`;
  throw unsupported(`${path}.Type`, type, remedy);
}

function readMtu(raw: RawPolicy, issues: Issue[]): number | undefined {
  const { Mtu } = settingsOf(raw, ["Mtu"]);
  const path = `${raw.at}.Mtu`;
  if (Mtu === undefined) return report(issues, path, "an integer from 68 to 65535", Mtu);
  return readInteger(Mtu, path, issues, { min: 68, max: 65535 });
}

const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
