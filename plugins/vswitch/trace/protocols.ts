/** Protocols that a traced packet may have, as the command line names them. */
export const traceProtocols = ["tcp", "udp", "sctp", "icmp", "arp"] as const;
export type TraceProtocol = (typeof traceProtocols)[number];
