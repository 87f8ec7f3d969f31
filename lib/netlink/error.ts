/** What goes wrong between us and the kernel: refused requests. */
import { errnoName } from "../os/errno.ts";
import { type Attr, decodeAttrs, getText, getU32 } from "./attr.ts";
import { align4, readI32, readU32 } from "./bytes.ts";
import { type Message, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_HDRLEN } from "./message.ts";

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;
const NLMSGERR_ATTR_MISS_TYPE = 5;

/** An acknowledgement: the error number, 0 for success, and what the kernel says about it. */
export interface Ack {
  /** Positive, 0 for success. */
  readonly errno: number;
  /** NLMSGERR_ATTR_MSG; with errno 0 it is a warning. */
  readonly kernelText: string | undefined;
  /** NLMSGERR_ATTR_OFFS: byte of the request, header included, at which the refused attribute begins. */
  readonly offset: number | undefined;
  /** NLMSGERR_ATTR_MISS_TYPE: type of the attribute that the request lacks. */
  readonly missing: number | undefined;
}

/** A request that the kernel refused, or whose answer never came. */
export class NetlinkError extends Error {
  /** Title of the request. */
  readonly operation: string;
  /** Positive. */
  readonly errno: number;
  readonly errnoName: string;
  readonly kernelText: string | undefined;
  readonly offset: number | undefined;
  readonly sequence: number;

  constructor(operation: string, sequence: number, ack: Partial<Ack> & { errno: number }, cause?: Error) {
    const name = errnoName(ack.errno);
    const missing = ack.missing === undefined ? undefined : `attribute ${ack.missing} is missing`;
    const why = [ack.kernelText, missing, cause?.message].filter((part) => part !== undefined).join(", ");
    super(`${operation}: ${name}${why && ` (${why})`}`, cause && { cause });
    this.name = "NetlinkError";
    this.operation = operation;
    this.errno = ack.errno;
    this.errnoName = name;
    this.kernelText = ack.kernelText;
    this.offset = ack.offset;
    this.sequence = sequence;
  }
}

/**
 * Reads the payload of NLMSG_ERROR (struct nlmsgerr) or NLMSG_DONE (an int), with NLMSGERR_ATTR_* behind it.
 * @throws {RangeError} when it is too short
 */
export function decodeAck(message: Message): Ack {
  const errno = message.payload.length < 4 && message.type === NLMSG_DONE ? 0 : -readI32(message.payload, 0);
  const attrs = message.flags & NLM_F_ACK_TLVS ? decodeAttrs(message.payload, attrsOffset(message)) : noAttrs;
  return {
    errno: errno === 0 ? 0 : errno,
    kernelText: getText(attrs, NLMSGERR_ATTR_MSG),
    offset: getU32(attrs, NLMSGERR_ATTR_OFFS),
    missing: getU32(attrs, NLMSGERR_ATTR_MISS_TYPE),
  };
}

const noAttrs: readonly Attr[] = [];

/** The refused request stands between the number and the attributes, whole or (NLM_F_CAPPED) its header only. */
function attrsOffset({ type, flags, payload }: Message): number {
  if (type === NLMSG_DONE) return 4;
  return 4 + (flags & NLM_F_CAPPED ? NLMSG_HDRLEN : align4(readU32(payload, 4)));
}
