/** One datagram out, then answers in until every request in it has its own. */

import { errno } from "../os/errno.ts";
import { isErrno } from "../os/error.ts";
import { decodeAck, NetlinkError } from "./error.ts";
import {
  decodeMessages,
  isDump,
  type Message,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  type Reply,
  type Request,
} from "./message.ts";

/** What carries datagrams to the kernel and back. Calls throw an Error with a numeric `errno`. */
export interface NetlinkSocket {
  send(datagram: Uint8Array): void;
  /** Waits for the next datagram up to a time limit of its own, then throws ETIMEDOUT. */
  receive(): Uint8Array;
  /** Discards what has come in already. A queue that overran takes nothing new until it is empty. */
  drain(): void;
  close(): void;
}

/** A request on its way and what became of it. */
export interface Pending {
  readonly request: Request;
  readonly sequence: number;
  readonly replies: Reply[];
  /** The kernel's tables changed during the dump, so it may lack entries or have them twice. */
  interrupted: boolean;
  outcome: "open" | "done" | NetlinkError;
}

export function pendingOf(request: Request, sequence: number): Pending {
  return { request, sequence, replies: [], interrupted: false, outcome: "open" };
}

/**
 * Sends the datagram and settles every pending request; failures of the socket become their outcome.
 *
 * The kernel takes the requests of a datagram one by one and answers in that order, refusals in any case: once the
 * last one is settled, those before it that were not refused are done. So only the last need be acknowledged.
 *
 * Answers to any other sequence are dropped: they are left over from an exchange that timed out.
 */
export function exchange(socket: NetlinkSocket, datagram: Uint8Array, pending: readonly Pending[]): void {
  const open = new Map(pending.map((one) => [one.sequence, one]));
  const last = pending.at(-1);
  try {
    socket.send(datagram);
    while (open.size > 0) {
      for (const message of decodeMessages(socket.receive())) {
        const one = open.get(message.sequence);
        if (one === undefined) continue;
        settle(one, message);
        if (one.outcome !== "open") open.delete(one.sequence);
      }
      if (last?.outcome !== "open") {
        for (const one of open.values()) one.outcome = "done";
        open.clear();
      }
    }
  } catch (error) {
    if (isErrno(error, "ENOBUFS")) socket.drain();
    for (const one of open.values()) {
      one.outcome = new NetlinkError(
        one.request.title,
        one.sequence,
        { errno: errnoOf(error) },
        asError(error),
      );
    }
  }
}

/** A dump ends with NLMSG_DONE, everything else with NLMSG_ERROR, whose number is 0 for success. */
function settle(one: Pending, message: Message): void {
  if (message.flags & NLM_F_DUMP_INTR && isDump(one.request)) one.interrupted = true;
  if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
    const ack = decodeAck(message);
    one.outcome = ack.errno === 0 ? "done" : new NetlinkError(one.request.title, one.sequence, ack);
  } else if (message.type !== NLMSG_NOOP) {
    one.replies.push({ type: message.type, flags: message.flags, payload: message.payload });
  }
}

/** EIO stands for an answer that could not be read. */
export function errnoOf(error: unknown): number {
  const number = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof number === "number" ? Math.abs(number) : errno.EIO;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
