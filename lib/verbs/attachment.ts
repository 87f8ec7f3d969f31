/** What all verbs say of an attachment. */
import type { JsonObject } from "../cni/read.ts";
import type { CniRequest } from "../cni/request.ts";
import type { Environment } from "../cni/environment.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import type { PortClaim } from "../state/rows.ts";
import { ipFamily } from "../addr/ip.ts";

/** Where a host keeps its state unless told otherwise. */
export const defaultDataDir = "/var/lib/cni/vswitch";

/** `dataDir` of the configuration or of its ipam, else VSWITCH_DATA_DIR, else the default. */
export function dataDirOf(raw: JsonObject, env: Environment): string {
  const ipam = raw["ipam"];
  const inIpam = typeof ipam === "object" && ipam !== null && "dataDir" in ipam ? ipam.dataDir : undefined;
  const given = [raw["dataDir"], inIpam].find((value) => typeof value === "string" && value !== "");
  return typeof given === "string" ? given : env["VSWITCH_DATA_DIR"] || defaultDataDir;
}

type Keyed = Extract<CniRequest, { readonly containerId: string }>;

export function ownerOf(request: Keyed): Owner & { readonly key: string } {
  const owner = { network: request.config.name, containerId: request.containerId, ifname: request.ifname };
  return { ...owner, key: ownerKey(owner) };
}

/** The host ports a plan takes. */
export function claimsOf(plan: Plan): readonly PortClaim[] {
  return plan.port.policies.map(({ hostIp, protocol, hostPort, address }) => ({
    hostIp,
    protocol,
    hostPort,
    family: ipFamily(address),
  }));
}
