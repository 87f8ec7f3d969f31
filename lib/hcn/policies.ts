/** The policies that a configuration, or a pod's annotation, asks for an endpoint. */
import { type Family, ipFamily } from "../addr/ip.ts";
import type { PortMappingRequest } from "../cni/capability.ts";
import { type Issue, type JsonObject, readInteger, report } from "../cni/read.ts";
import type { Acl } from "../policy/acl.ts";
import type { Qos } from "../policy/qos.ts";
import { readAcl } from "./acl.ts";
import { type RawPolicy, readEnvelopes } from "./envelope.ts";
import { type OutBoundNatRequest, readOutBoundNat } from "./outbound-nat.ts";
import { readPortMapping } from "./port-mapping.ts";
import { readQos, strictest } from "./qos.ts";
import { settingsOf, unsupported } from "./settings.ts";

export interface EndpointPolicies {
  readonly portMappings: readonly PortMappingRequest[];
  readonly acls: readonly Acl[];
  readonly outboundNat: readonly OutBoundNatRequest[];
  readonly qos?: Qos;
  /** InterfaceParameters: bytes. */
  readonly mtu?: number;
}

type Reader = (raw: RawPolicy, issues: Issue[]) => Partial<EndpointPolicies>;

const some = <K extends "portMappings" | "acls" | "outboundNat">(key: K, value: unknown) =>
  value === undefined ? {} : { [key]: [value] };

/** One reader for each policy that there is; every other one is refused. */
const readers: Readonly<Record<string, Reader>> = {
  PortMapping: (raw, issues) => some("portMappings", readPortMapping(raw, issues)),
  ACL: (raw, issues) => some("acls", readAcl(raw, issues)),
  OutBoundNAT: (raw, issues) => some("outboundNat", readOutBoundNat(raw, issues)),
  QOS: (raw, issues) => {
    const qos = readQos(raw, issues);
    return qos === undefined ? {} : { qos };
  },
  InterfaceParameters: (raw, issues) => {
    const { Mtu } = settingsOf(raw, ["Mtu"]);
    const mtu = readInteger(Mtu, `${raw.path}.Settings.Mtu`, issues, { min: 68, max: 65535 });
    return mtu === undefined ? {} : { mtu };
  },
};

/**
 * @param lists each with where it stands: `policies`, `AdditionalArgs`, an annotation
 * @param issues takes what is malformed
 * @throws {CniError} 2 for a policy that this build does not apply: a policy is never ignored
 */
export function readPolicies(
  lists: readonly { readonly path: string; readonly value: unknown }[],
  issues: Issue[],
): EndpointPolicies {
  const raw = lists.flatMap(({ value, path }) => readEnvelopes(value, path, issues));
  const found = raw.map((one) => readerOf(one)(one, issues));
  const mtus = found.flatMap(({ mtu }) => mtu ?? []);
  if (mtus.length > 1) report(issues, "policies", "one InterfaceParameters at most", mtus.join(" and "));
  const qos = strictest(found.flatMap((one) => one.qos ?? []));
  return {
    portMappings: found.flatMap(({ portMappings = [] }) => portMappings),
    acls: found.flatMap(({ acls = [] }) => acls),
    outboundNat: found.flatMap(({ outboundNat = [] }) => outboundNat),
    ...(qos === undefined ? {} : { qos }),
    ...(mtus[0] === undefined ? {} : { mtu: mtus[0] }),
  };
}

function readerOf({ name, type, path }: RawPolicy): Reader {
  const reader = name === "EndpointPolicy" && Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (reader !== undefined) return reader;
  throw unsupported(
    path,
    `${name} ${type}`,
    `of EndpointPolicy there are ${Object.keys(readers).join(", ")}`,
  );
}

/** Of a pod's annotation: JSON of a list of policies, or of one list for each network. */
export const policiesAnnotation = "vswitch-cni/policies";

/** @returns the list that is for this network, as the annotation has it */
export function annotatedPolicies(
  annotations: JsonObject | undefined,
  network: string,
  issues: Issue[],
): { readonly path: string; readonly value: unknown } {
  const path = `annotation ${policiesAnnotation}`;
  const text = annotations?.[policiesAnnotation];
  if (text === undefined) return { path, value: undefined };
  try {
    const parsed: unknown = JSON.parse(String(text));
    if (Array.isArray(parsed) || typeof parsed !== "object" || parsed === null)
      return { path, value: parsed };
    return { path, value: (parsed as JsonObject)[network] };
  } catch {
    report(issues, path, "JSON: a list of policies, or an object with one for each network", text);
    return { path, value: undefined };
  }
}

/** Families that a translation is for: that of its virtual address, else all. */
export function translatedFamilies({ virtualIp }: OutBoundNatRequest): readonly Family[] {
  return virtualIp === undefined ? [4, 6] : [ipFamily(virtualIp)];
}
