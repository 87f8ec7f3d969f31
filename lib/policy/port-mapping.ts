/** PortMapping: a port of the host that leads to a port of the container. */
import type { Ip } from "../addr/ip.ts";

export const portProtocols = ["tcp", "udp", "sctp"] as const;
export type PortProtocol = (typeof portProtocols)[number];

export interface PortMapping {
  readonly kind: "PortMapping";
  readonly protocol: PortProtocol;
  /** Only this address of the host; absent: every address of the family. */
  readonly hostIp?: Ip;
  readonly hostPort: number;
  /** Address of the container that is published. */
  readonly address: Ip;
  readonly containerPort: number;
}
