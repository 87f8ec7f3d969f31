/** What there is of an overlay network's tunnel. Reading changes nothing. */
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { type BridgePort, decodeBridgePort } from "../../netlink/route/bridge-port.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { dumpLinks } from "../../netlink/route/link.ts";
import { decodeVxlan, type Vxlan } from "../../netlink/route/vxlan.ts";
import { linkOf } from "../link-of.ts";
import { readTxChecksum } from "../offload.ts";

export interface TunnelState {
  /** What bears its name. */
  readonly link: Link | undefined;
  readonly vxlan: Vxlan | undefined;
  /** Of a port of a bridge. */
  readonly port: BridgePort | undefined;
  /** Name of that bridge. */
  readonly bridge: string | undefined;
  /** Whether checksums are made as late as can be; only looked at where they shall not be. */
  readonly lateChecksums?: boolean;
  /** Name of another tunnel that receives what this one should; only looked for where there is none yet. */
  readonly rival: string | undefined;
}

export function observeTunnel(host: Netlink, { tunnel, vni }: OverlaySwitch): TunnelState {
  const link = linkOf(host, tunnel.name);
  const late = link && tunnel.checksums === "early" ? readTxChecksum(tunnel.name) : undefined;
  return {
    link,
    vxlan: link && decodeVxlan(link),
    port: link && decodeBridgePort(link),
    bridge: link?.master === undefined ? undefined : linkOf(host, link.master)?.name,
    ...(late === undefined ? {} : { lateChecksums: late }),
    rival: link === undefined ? rivalOf(host, vni, tunnel.udpPort) : undefined,
  };
}

/** The kernel has one tunnel for a VNI at a port. */
function rivalOf(host: Netlink, vni: number, udpPort: number): string | undefined {
  const tunnels = host.request(dumpLinks({ kind: "vxlan" })).map(decodeLink);
  return tunnels.find((link) => {
    const vxlan = decodeVxlan(link);
    return vxlan?.vni === vni && vxlan.udpPort === udpPort;
  })?.name;
}
