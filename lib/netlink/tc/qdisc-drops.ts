/** How many packets the queues of all links dropped: RTM_GETQDISC (linux/rtnetlink.h, linux/gen_stats.h). */
import { decodeAttrs, findAttr, getNested, getText } from "../attr.ts";
import { readI32, readU32 } from "../bytes.ts";
import { NLM_F_DUMP, type Reply, type Request } from "../message.ts";
import { RTM_GETQDISC, TCA_KIND, TCMSG_LENGTH, tcmsg } from "./tcmsg.ts";

const TCA_STATS2 = 7;
const TCA_STATS_QUEUE = 3;

/** Of all links. */
export function dumpQdiscs(): Request {
  return { title: "qdisc show", type: RTM_GETQDISC, flags: NLM_F_DUMP, payload: tcmsg({ index: 0 }) };
}

export interface QdiscDrops {
  /** Of the link. */
  readonly index: number;
  /** `tbf`, `noqueue` ... */
  readonly kind: string;
  /** Packets. */
  readonly drops: number;
}

/** @throws {RangeError} when the message is shorter than its header or its statistics */
export function decodeQdiscDrops({ payload }: Reply): QdiscDrops {
  const attrs = decodeAttrs(payload, TCMSG_LENGTH);
  const queue = findAttr(getNested(attrs, TCA_STATS2) ?? [], TCA_STATS_QUEUE);
  return {
    index: readI32(payload, 4),
    kind: getText(attrs, TCA_KIND) ?? "",
    // struct gnet_stats_queue: packets and bytes that wait, drops.
    drops: queue === undefined ? 0 : readU32(queue, 8),
  };
}
