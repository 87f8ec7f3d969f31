/** Listens to what nf_tables tells of packets that are traced (netlink(7), group NFNLGRP_NFTRACE). */
import { decodeTrace, NFNLGRP_NFTRACE, type TraceMessage } from "../../netlink/nft/trace.ts";
import { listen } from "../event-socket.ts";

export interface TraceSocket {
  /** All that came since the last time. */
  receive(): readonly TraceMessage[];
  close(): void;
}

/** In the compartment of the calling thread. @throws {SystemCallError} EPERM without CAP_NET_ADMIN */
export function openTrace(): TraceSocket {
  const socket = listen("netfilter", [NFNLGRP_NFTRACE]);
  return {
    // What an overrun queue lost is somebody else's packet, as a rule.
    receive: () => socket.receive().messages.flatMap((message) => decodeTrace(message) ?? []),
    close: () => socket.close(),
  };
}
