/** Neighbours that move from one link to another (linux/neighbour.h). */
import { findAttr } from "../../attr.ts";
import { readU8, readU16, writeU16, writeU32 } from "../../bytes.ts";
import { NLM_F_CREATE, NLM_F_REPLACE, type Reply, type Request } from "../../message.ts";
import {
  NDA_DST,
  NDA_LLADDR,
  NDA_PROTOCOL,
  NDMSG_LENGTH,
  NTF_PROXY,
  NTF_ROUTER,
  NUD_PERMANENT,
  NUD_STALE,
  RTM_DELNEIGH,
  RTM_NEWNEIGH,
} from "../ndmsg.ts";
import { decodeNeighbour } from "../neighbour.ts";
import { decodeRecord, encodeRecord, payloadOf } from "./record.ts";

/** REACHABLE, STALE, DELAY, PROBE: found by asking. */
const NUD_FOUND = 0x1e;

export interface NeighbourRecord {
  readonly title: string;
  readonly message: string;
}

/**
 * What somebody set, and what the kernel has found, as something to be asked again when it is used: else the first packet
 * on the other link would wait for an answer.
 *
 * @returns undefined for what is neither
 */
export function recordNeighbour(reply: Reply): NeighbourRecord | undefined {
  const { address, mac, proxy, attrs } = decodeNeighbour(reply);
  const state = readU16(reply.payload, 8);
  const set = proxy || (state & NUD_PERMANENT) !== 0;
  if (!set && ((state & NUD_FOUND) === 0 || findAttr(attrs, NDA_LLADDR) === undefined)) return undefined;
  const header = reply.payload.slice(0, NDMSG_LENGTH);
  writeU32(header, 4, 0);
  writeU16(header, 8, proxy ? 0 : set ? NUD_PERMANENT : NUD_STALE);
  header[10] = readU8(header, 10) & (NTF_PROXY | NTF_ROUTER);
  const kept = attrs.filter(({ type }) => [NDA_DST, NDA_LLADDR, NDA_PROTOCOL].includes(type));
  const title = proxy ? `proxy ${address}` : `${address} lladdr ${mac} nud ${set ? "permanent" : "stale"}`;
  return { title, message: encodeRecord({ header, attrs: kept }) };
}

export function addRecordedNeighbour(record: NeighbourRecord, index: number): Request {
  return request("replace", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, record, index);
}

/** ENOENT when there is none. */
export function deleteRecordedNeighbour(record: NeighbourRecord, index: number): Request {
  return request("del", RTM_DELNEIGH, 0, record, index);
}

function request(verb: string, type: number, flags: number, record: NeighbourRecord, index: number): Request {
  const { header, attrs } = decodeRecord(record.message, NDMSG_LENGTH);
  writeU32(header, 4, index);
  return {
    title: `neigh ${verb} ${record.title} dev index ${index}`,
    type,
    flags,
    payload: payloadOf({ header, attrs }),
  };
}
