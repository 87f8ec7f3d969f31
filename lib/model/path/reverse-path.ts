/** Strict reverse paths: what comes out of a tunnel bears an address that leads into it (net.ipv4.conf.NAME.rp_filter). */
import { ipFamily } from "../../addr/ip.ts";
import type { Fault } from "./link.ts";
import { routedTunnel } from "./remote.ts";
import { hostRoutes, routeCell } from "./routes.ts";
import { consult, type IpWalk } from "./walk.ts";
import { wayTo } from "./way.ts";

export interface ReversePath {
  readonly walk: IpWalk;
  /** Absent: all is well. */
  readonly fault?: Fault;
}

/** fib_validate_source of net/ipv4/fib_frontend.c; the kernel has no such thing for IPv6. */
export function reversePath(walk: IpWalk): ReversePath {
  const { scene, in: from, packet } = walk;
  const network = routedTunnel(scene, from);
  if (network === undefined || from === undefined || ipFamily(packet.source) === 6) return { walk };
  const asked = consult(walk, { source: routeCell(hostRoutes(scene), packet.source) });
  const back = wayTo(scene, packet.source);
  if (back.kind === "via" && back.interface === from) return { walk: asked };
  const fault: Fault = {
    reason: "martian",
    by: `${packet.source} came out of the tunnel of network ${network.name} and does not lead back there: ${back.text}`,
    remedy: `The sender must use an address of the network; where it does, the directory of network ${network.name} does not say on which host.`,
  };
  return { walk: asked, fault };
}
