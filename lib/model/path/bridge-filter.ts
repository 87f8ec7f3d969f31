/** br_netfilter: whether what passes a switch is shown to the host's IP hooks on its way. */
import { ipFamily } from "../../addr/ip.ts";
import type { IpWalk } from "./walk.ts";

/** For packets that came by a port; what comes from the host's side has passed its hooks as a packet of the host. */
export function bridgeFiltered({ entered, packet, scene }: IpWalk): boolean {
  return entered !== undefined && (scene.host.bridgeFilter ?? []).includes(ipFamily(packet.source));
}
