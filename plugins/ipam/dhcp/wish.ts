/** What an ADD wants of servers on the wire. */
import type { Ip } from "../../../lib/addr/ip.ts";
import { folded } from "../../../lib/cni/keys.ts";
import type { AddRequest } from "../../../lib/cni/request.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import { isExternal } from "../../../lib/model/switch.ts";
import type { DhcpBackend } from "../../../lib/seam/dhcp-backend.ts";
import type { LeaseOwner } from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { DhcpConfig } from "../config.ts";
import type { IpamContext } from "../context.ts";

export interface DhcpWish {
  readonly request: AddRequest;
  readonly config: DhcpConfig;
  readonly owner: LeaseOwner;
  /** Asked for by the runtime, one of a family at most: others will not do. */
  readonly addresses: readonly Ip[];
  readonly store: Store;
  readonly context: IpamContext;
  readonly access: DhcpBackend;
}

/** How long the wire is asked whether somebody has an address that a server lends. */
export const probeMs = 20;

/** `dad` of the network. */
export const asksWire = ({ request }: DhcpWish): boolean => folded(request.config.raw, "dad") !== false;

/** Name of the vNIC, for errors. */
export const linkOf = ({ owner }: DhcpWish): string => `${owner.ifname} of ${formatOwner(owner)}`;

/** The link of the host by which the vNIC's frames leave; "" where nobody knows it. */
export function deviceOf({ owner, store }: DhcpWish): string {
  const vswitch = store.endpoints.get(owner.key)?.plan?.switch;
  if (vswitch === undefined || !isExternal(vswitch)) return "";
  return vswitch.kind === "bridge" ? vswitch.name : vswitch.lower;
}

/** What servers enter into their DNS: what is configured, or a name that the runtime gives, or that of the pod. */
export function hostnameOf({ request, config }: DhcpWish): string | undefined {
  const { values } = request.args;
  const name = config.hostname ?? values.get("NERDCTL_CNI_DHCP_HOSTNAME") ?? values.get("K8S_POD_NAME");
  return name !== undefined && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name) ? name : undefined;
}
