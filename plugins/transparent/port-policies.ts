/** What the ports of each kind of external switch can keep: a policy is never half applied. Pure. */
import type { PortMappingRequest } from "../../lib/cni/capability.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { ReadPortConfig } from "../../lib/hcn/port-config.ts";
import type { AnyExternalSwitch } from "../../lib/model/switch.ts";

type Kind = AnyExternalSwitch["kind"];
type Asked = Omit<ReadPortConfig, "portMappings"> & { readonly portMappings: readonly PortMappingRequest[] };

/** Kinds whose vNICs have no port on the host, where policies could sit out of the container's reach. */
const portless: readonly Kind[] = ["macvlan", "ipvlan"];

/** @throws {CniError} 2 */
export function refusePolicies(kind: Kind, asked: Asked): void {
  if (asked.portMappings.length > 0) throw portsUnsupported();
  if (asked.configuredNat.length + asked.annotatedNat.length > 0)
    throw refused("OutBoundNAT", "a transparent network translates nothing: its containers are on the LAN");
  if (!portless.includes(kind)) return;
  const [named] = [
    ...(asked.guard === undefined ? [] : ["guard"]),
    ...(asked.acls.length > 0 ? ["ACL"] : []),
    ...(asked.aclDefault === undefined ? [] : ["defaultAction"]),
    ...(asked.qos === undefined ? [] : ["QOS (bandwidth)"]),
  ];
  if (named === undefined) return;
  throw refused(
    named,
    `${kind === "ipvlan" ? "an" : "a"} ${kind} hangs on the uplink inside the kernel and has no port on the host where a policy could be kept`,
  );
}

function refused(policy: string, why: string): CniError {
  return new CniError(errorCode.unsupportedField, `${policy} is not supported: ${why}`, {
    reason: "policy-unsupported",
    details: "a policy is never ignored: remove it",
  });
}

/** As on Windows: what is on the wire itself has no ports of the host. */
function portsUnsupported(): CniError {
  return new CniError(
    errorCode.unsupportedField,
    "portMappings: a transparent network publishes no ports of the host",
    {
      reason: "port-mapping-unsupported",
      details:
        "HCN_E_MAPPING_NOT_SUPPORTED: its containers have addresses of the LAN and are reached by those; take portMappings out, or use a nat network",
    },
  );
}
