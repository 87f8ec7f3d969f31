/** What all verbs say of an attachment. */
import { ipamDataDir } from "../../plugins/ipam/data-dir.ts";
import { ipFamily } from "../addr/ip.ts";
import type { Environment } from "../cni/environment.ts";
import type { NetConf } from "../cni/netconf.ts";
import type { CniRequest } from "../cni/request.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import { policiesOf } from "../policy/policy.ts";
import type { PortClaim } from "../state/rows.ts";

/**
 * Where the state of the host is: `dataDir` of the configuration or of its ipam, else VSWITCH_DATA_DIR, else the
 * default. The `ipam.dataDir` of a foreign ipam is that plugin's own.
 */
export function dataDirOf(config: NetConf, env: Environment): string {
  return ipamDataDir(namesForeignIpam(config) ? { raw: config.raw, ipam: undefined } : config, env);
}

/** Our ipam goes by two names; a configuration without `ipam.type` means ours. */
export function namesForeignIpam({ ipam }: Pick<NetConf, "ipam">): boolean {
  return ipam?.type !== undefined && ipam.type !== "ipam" && ipam.type !== "vswitch-ipam";
}

type Keyed = Extract<CniRequest, { readonly containerId: string }>;

export function ownerOf(request: Keyed): Owner & { readonly key: string } {
  const owner = { network: request.config.name, containerId: request.containerId, ifname: request.ifname };
  return { ...owner, key: ownerKey(owner) };
}

/** The host ports a plan takes. */
export function claimsOf(plan: Plan): readonly PortClaim[] {
  return policiesOf(plan.port.policies, "PortMapping").map(({ hostIp, protocol, hostPort, address }) => ({
    hostIp,
    protocol,
    hostPort,
    family: ipFamily(address),
  }));
}
