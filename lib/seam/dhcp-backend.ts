/** The seam as DHCP clients have it: a vNIC on the wire, and what a lease makes of it. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { LeaseRoute } from "../dhcp/lease.ts";
import type { DhcpSocket } from "../dhcp/socket.ts";

/** What a lease makes of a vNIC. */
export interface LeaseSettings {
  readonly address: Prefix;
  /** Those on the link itself before those through a gateway. */
  readonly routes: readonly LeaseRoute[];
  /** Bytes. */
  readonly mtu?: number;
}

/** A vNIC as a DHCP client works on it. */
export interface DhcpLink {
  readonly mac: Mac;
  /** That it may send from: DHCPv6 needs one. */
  readonly linkLocal: Ip | undefined;
  /** The same, once there is one. @throws {CniError} 11 when there is none in time */
  awaitLinkLocal(timeoutMs: number): Ip;
  readonly socket: DhcpSocket;
  /** Whether somebody else on the wire has the address, asked for so long: the vNIC has none of its family yet. */
  isTaken(address: Ip, waitMs: number): boolean;
  /**
   * Puts address and routes in the place of those from before; absent: none.
   *
   * @throws {NetlinkError} when the kernel refuses
   */
  apply(before: LeaseSettings | undefined, after: LeaseSettings | undefined): void;
  /** Takes some 10 ms: a process that ends anyway leaves it to its end. */
  close(): void;
}

/** What DHCP clients need of a platform. */
export interface DhcpBackend {
  /** @returns undefined when the compartment or the vNIC is gone. @throws {CniError} 110 */
  openLink(netns: string, ifname: string, family: Family): DhcpLink | undefined;
  /**
   * Has the kernel make addresses of router advertisements, and waits for those and a default route.
   *
   * @returns undefined when the compartment or the vNIC is gone. @throws {CniError} 11 nothing in time, 103, 110
   */
  autoconfigure(netns: string, ifname: string, timeoutMs: number): readonly Prefix[] | undefined;
  /** Has the kernel take routes from router advertisements. What is gone is passed over. @throws {CniError} 110 */
  hearRouters(netns: string, ifname: string): void;
  /** On a link of the host. @returns undefined when there is none of that name */
  openHost(device: string, family: Family): DhcpSocket | undefined;
}
