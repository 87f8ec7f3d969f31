/** How an ipam reaches the wire on which a container is: what a platform gives it. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { DhcpSocket } from "./socket.ts";

/** A link of a compartment, on which a server can be asked. */
export interface DhcpLink {
  readonly mac: Mac;
  readonly socket: DhcpSocket;
  /** Whether somebody on the wire has the address, asked for so many milliseconds. The link has none of its family yet. */
  isTaken(address: Ip, waitMs: number): boolean;
}

export interface DhcpAccess {
  /**
   * Of a compartment, by its path. The link is up.
   *
   * @throws {CniError} 100, 110; 106 without such a link
   */
  link(path: string, ifname: string): DhcpLink;
  /**
   * A link of the host by which what a vNIC sends leaves too, for one that is gone.
   *
   * @returns undefined when there is none
   */
  hostLink(ifname: string): DhcpSocket | undefined;
}
