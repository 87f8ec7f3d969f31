/** nfnetlink batches: all of their messages take effect together or none does (linux/netfilter/nfnetlink.h). */

import { errno } from "../os/errno.ts";
import { isErrno } from "../os/error.ts";
import { concat } from "./bytes.ts";
import { decodeAck, NetlinkError } from "./error.ts";
import { asError, errnoOf, type NetlinkSocket } from "./exchange.ts";
import {
  decodeMessages,
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  type Request,
} from "./message.ts";
import { NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, nfgenmsg } from "./nfnetlink.ts";

/**
 * The batch as one datagram. BATCH_BEGIN bears `sequence`, the requests the numbers after it.
 *
 * Only the last request asks for an acknowledgement: the kernel reports failures of the others anyway, after it has
 * been through the whole batch and in order, so the last acknowledgement ends the exchange.
 */
export function encodeBatch(requests: readonly Request[], sequence: number): Uint8Array {
  const subsystem = (requests[0]?.type ?? 0) >> 8;
  const frame = (type: number, offset: number): Uint8Array =>
    encodeMessage({
      type,
      flags: NLM_F_REQUEST,
      sequence: sequence + offset,
      payload: nfgenmsg(0, subsystem),
    });
  const last = requests.length - 1;
  const messages = requests.map(({ type, flags, payload }, i) =>
    encodeMessage({
      type,
      flags: flags | NLM_F_REQUEST | (i === last ? NLM_F_ACK : 0),
      sequence: sequence + 1 + i,
      payload,
    }),
  );
  return concat([
    frame(NFNL_MSG_BATCH_BEGIN, 0),
    ...messages,
    frame(NFNL_MSG_BATCH_END, requests.length + 1),
  ]);
}

/**
 * Sends a batch and reads its outcome.
 * @throws {NetlinkError} with title and sequence of the first request that failed; a failure of the batch as a whole
 *   (its sequence is that of BATCH_BEGIN) bears the title of the first request and the number of all
 */
export function runBatch(socket: NetlinkSocket, requests: readonly Request[], sequence: number): void {
  let failure: NetlinkError | undefined;
  try {
    socket.send(encodeBatch(requests, sequence));
    failure = firstFailure(socket, requests, sequence);
  } catch (error) {
    throw new NetlinkError(batchTitle(requests), sequence, { errno: errnoOf(error) }, asError(error));
  }
  if (failure) throw failure;
}

function firstFailure(
  socket: NetlinkSocket,
  requests: readonly Request[],
  sequence: number,
): NetlinkError | undefined {
  const last = sequence + requests.length;
  let first: NetlinkError | undefined;
  for (let lossy = false; ; ) {
    const datagram = receive(socket);
    if (datagram === "overrun") {
      // So many requests failed that their errors did not fit: the last acknowledgement may be among the lost.
      if (lossy || first) return drained(socket, first ?? overrun(requests, sequence));
      lossy = true;
      continue;
    }
    for (const message of decodeMessages(datagram)) {
      if (message.type !== NLMSG_ERROR || message.sequence < sequence || message.sequence > last) continue;
      first ??= failureOf(message, requests, sequence);
      if (lossy && first) return drained(socket, first);
      if (message.sequence === last || message.sequence === sequence) return first;
    }
  }
}

function drained(socket: NetlinkSocket, failure: NetlinkError): NetlinkError {
  socket.drain();
  return failure;
}

function receive(socket: NetlinkSocket): Uint8Array | "overrun" {
  try {
    return socket.receive();
  } catch (error) {
    if (isErrno(error, "ENOBUFS")) return "overrun";
    throw error;
  }
}

function failureOf(
  message: Message,
  requests: readonly Request[],
  sequence: number,
): NetlinkError | undefined {
  const ack = decodeAck(message);
  if (ack.errno === 0) return undefined;
  const title = requests[message.sequence - sequence - 1]?.title ?? batchTitle(requests);
  return new NetlinkError(title, message.sequence, ack);
}

function overrun(requests: readonly Request[], sequence: number): NetlinkError {
  return new NetlinkError(batchTitle(requests), sequence, {
    errno: errno.ENOBUFS,
    kernelText: "errors were lost",
  });
}

function batchTitle(requests: readonly Request[]): string {
  const title = requests[0]?.title ?? "nothing";
  return requests.length > 1 ? `batch of ${requests.length} from "${title}"` : title;
}
