/** The packet socket of a DHCP client, on one link of a compartment (packet(7)). */
import type { DhcpSocket } from "../../dhcp/socket.ts";

/** An open compartment (`openCompartment`), or the one that the calling thread is in: the host's. */
export type DhcpPlace = { readonly fd: number; readonly path: string } | "host";

/**
 * Opened synchronously inside; it works from anywhere then. Of what passes the link only answers to DHCP clients are
 * queued.
 *
 * @param ifindex of the link in there
 * @throws {CniError} 100, 110; {SystemCallError} EPERM without CAP_NET_RAW, ENODEV for a link that is not there
 */
export function openDhcpSocket(_place: DhcpPlace, _ifindex: number, _family: 4 | 6 = 4): DhcpSocket {
  throw new Error("not yet");
}
