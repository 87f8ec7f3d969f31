/** Which packets begin a connection for the kernel's tracking: no other is ever translated. */
import { IPPROTO } from "../../policy/packet.ts";
import { valueCell } from "./consulted.ts";
import { consult, type IpWalk } from "./walk.ts";

/** Requests (nf_conntrack_proto_icmp.c and ..._icmpv6.c): echo, timestamp, information, address mask; echo, node information. */
const requests: Readonly<Record<number, readonly number[]>> = {
  [IPPROTO.icmp]: [8, 13, 15, 17],
  [IPPROTO.icmp6]: [128, 139],
};

/** Neighbour discovery is not tracked at all; an error or answer that belongs to nothing is invalid. */
export function isTracked({ packet }: IpWalk): boolean {
  const { protocol, icmpType } = packet;
  const tracked = requests[protocol];
  return tracked === undefined || icmpType === undefined || tracked.includes(icmpType);
}

/** Notes that it was looked at. */
export function askTracked(walk: IpWalk): IpWalk {
  const { protocol, icmpType } = walk.packet;
  const type = requests[protocol] === undefined ? undefined : valueCell(icmpType);
  return consult(walk, { protocol: valueCell(protocol), icmpType: type });
}
