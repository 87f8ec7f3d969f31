/** How DHCP reaches the network: datagrams in frames of one's own making, on one link. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";

export interface Datagram {
  readonly sourceMac: Mac;
  readonly destinationMac: Mac;
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export interface DhcpSocket {
  /** @throws {SystemCallError} ENETDOWN and the like */
  send(datagram: Datagram): void;
  /** The next datagram to the client's port, if it comes within `waitMs` (0: one that is there). */
  receive(waitMs: number): Datagram | undefined;
  /** Takes some 10 ms (an RCU grace period): a process that ends anyway leaves it to its end. */
  close(): void;
}
