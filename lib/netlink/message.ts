/** Netlink messages: what goes out, what comes back, and the 16 byte header of both (linux/netlink.h). */
import { align4, readU16, readU32, writeU16, writeU32 } from "./bytes.ts";

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_HDRLEN = 16;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_ECHO = 0x8;
export const NLM_F_DUMP_INTR = 0x10;
/** NLM_F_ROOT | NLM_F_MATCH; for messages that create, the same bits mean NLM_F_REPLACE and NLM_F_EXCL. */
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** In acknowledgements only. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

export interface Request {
  /**
   * In the words of `ip` or `nft`: "link add vp12 type veth peer eth0". Only traces and failures ask for it, so what
   * takes work to say is a getter.
   */
  readonly title: string;
  /** nlmsg_type. */
  readonly type: number;
  /** nlmsg_flags; the connection adds NLM_F_REQUEST and NLM_F_ACK. */
  readonly flags: number;
  /** Family header and attributes, without nlmsghdr. */
  readonly payload: Uint8Array;
}

export interface Reply {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface Message extends Reply {
  readonly sequence: number;
}

/** One message with its header, padded to 4 bytes; nlmsg_pid stays 0, the kernel fills it in. */
export function encodeMessage(message: Message): Uint8Array {
  const length = NLMSG_HDRLEN + message.payload.length;
  const encoded = new Uint8Array(align4(length));
  writeU32(encoded, 0, length);
  writeU16(encoded, 4, message.type);
  writeU16(encoded, 6, message.flags);
  writeU32(encoded, 8, message.sequence);
  encoded.set(message.payload, NLMSG_HDRLEN);
  return encoded;
}

/**
 * All messages of a datagram; their payloads are views into it.
 * @throws {RangeError} when a length points outside
 */
export function decodeMessages(datagram: Uint8Array): readonly Message[] {
  const messages: Message[] = [];
  let at = 0;
  while (at + NLMSG_HDRLEN <= datagram.length) {
    const length = readU32(datagram, at);
    if (length < NLMSG_HDRLEN || at + length > datagram.length) {
      throw new RangeError(`netlink message at byte ${at} says ${length} of ${datagram.length - at} bytes`);
    }
    messages.push({
      type: readU16(datagram, at + 4),
      flags: readU16(datagram, at + 6),
      sequence: readU32(datagram, at + 8),
      payload: datagram.subarray(at + NLMSG_HDRLEN, at + length),
    });
    at += align4(length);
  }
  return messages;
}

/**
 * Whether a request asks for a dump. The two bits of NLM_F_DUMP mean something else on requests that create,
 * and those carry NLM_F_CREATE; a lone NLM_F_REPLACE or NLM_F_EXCL is no dump either.
 */
export function isDump(request: Request): boolean {
  return (request.flags & NLM_F_DUMP) === NLM_F_DUMP && (request.flags & NLM_F_CREATE) === 0;
}
