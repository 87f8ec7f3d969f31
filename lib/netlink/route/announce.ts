/** Having the kernel itself tell a link's neighbours where its addresses are (Documentation/networking/ip-sysctl). */
import type { Mac } from "../../addr/mac.ts";
import type { Request } from "../message.ts";
import { setLink } from "./set-link.ts";

/**
 * Gives the link the MAC address it has already: on that the kernel sends a gratuitous ARP for each IPv4 address
 * (arp_notify, set here for the link) and an unsolicited neighbour advertisement for each IPv6 address (while
 * net/ipv6/conf/LINK/ndisc_notify is 1, which netlink cannot set). The link must be up and its carrier there.
 *
 * A packet socket could send the same frames, but closing one waits for an RCU grace period: 10 ms of every ADD.
 */
export function announceLink(index: number, mac: Mac): readonly Request[] {
  // Two messages: within one the kernel sets the address before the flag.
  return [setLink(index, { ipv4: { arp_notify: 1 } }), setLink(index, { mac })];
}
