/** Requests to the kernel and their replies, over one netlink socket. Everything is synchronous. */

import { errno } from "../os/errno.ts";
import { runBatch } from "./batch.ts";
import { concat } from "./bytes.ts";
import { NetlinkError } from "./error.ts";
import { exchange, type NetlinkSocket, type Pending, pendingOf } from "./exchange.ts";
import { encodeMessage, isDump, NLM_F_ACK, NLM_F_REQUEST, type Reply, type Request } from "./message.ts";
import { sendTogether } from "./together.ts";

export type { NetlinkSocket } from "./exchange.ts";

/** The seam that fakes implement. */
export interface Netlink {
  /**
   * Sends one request. @returns its data replies, none for a plain acknowledgement
   * @throws {NetlinkError}
   */
  request(request: Request): readonly Reply[];
  /** Independent requests, done in order; the kernel goes on after a failure. One outcome per request. */
  requests(requests: readonly Request[]): readonly (readonly Reply[] | NetlinkError)[];
  /**
   * As one, however many they are: no signal comes between them, SIGKILL neither. Done in order; the kernel goes on after a
   * failure. @returns the failure of each, or undefined
   */
  together(requests: readonly Request[]): readonly (NetlinkError | undefined)[];
  /**
   * nfnetlink batch: all or nothing. No requests: nothing is sent.
   * @throws {NetlinkError} naming the request that failed
   */
  transaction(requests: readonly Request[]): void;
  close(): void;
}

/** How often a dump is asked for again when the kernel's tables changed under it. */
const DUMP_ATTEMPTS = 5;
/** So that the acknowledgements of one datagram fit the default receive buffer of a socket. */
const DATAGRAM_REQUESTS = 64;
const DATAGRAM_BYTES = 64 * 1024;

/** @param trace gets one line per request and outcome, in the words of `ip` and `nft` */
export function connect(socket: NetlinkSocket, trace?: (line: string) => void): Netlink {
  let sequence = 0;
  const send = (requests: readonly Request[]): readonly Pending[] => {
    const pending = requests.map((request) => pendingOf(request, ++sequence));
    exchange(socket, encodePending(pending), pending);
    if (trace) for (const one of pending) trace(formatPending(one));
    return pending;
  };
  const outcomeOf = (request: Request, first: Pending): readonly Reply[] | NetlinkError => {
    let one = first;
    for (let attempt = 1; one.interrupted && one.outcome === "done"; attempt++) {
      if (attempt === DUMP_ATTEMPTS) return neverConsistent(one);
      one = send([request])[0] ?? one;
    }
    return one.outcome === "done" ? one.replies : asFailure(one);
  };
  const run = (requests: readonly Request[]): readonly (readonly Reply[] | NetlinkError)[] =>
    chunks(requests).flatMap((chunk) => send(chunk).map((one) => outcomeOf(one.request, one)));
  return {
    request: (request) => orThrow(run([request])[0]),
    requests: run,
    together(requests) {
      const first = sequence + 1;
      sequence += requests.length;
      const outcomes = sendTogether(socket, requests, first);
      if (trace) for (const [i, { title }] of requests.entries()) trace(outcomes[i]?.message ?? title);
      return outcomes;
    },
    transaction(requests) {
      if (requests.length === 0) return;
      const begin = ++sequence;
      sequence += requests.length + 1;
      if (trace) for (const request of requests) trace(request.title);
      runBatch(socket, requests, begin);
    },
    close: () => socket.close(),
  };
}

/** As in a batch, only the last one asks for an acknowledgement (`exchange`); a dump ends with NLMSG_DONE without. */
function encodePending(pending: readonly Pending[]): Uint8Array {
  const last = pending.length - 1;
  const messages = pending.map(({ request, sequence }, i) => {
    const ack = i === last && !isDump(request) ? NLM_F_ACK : 0;
    const { type, payload } = request;
    return encodeMessage({ type, flags: request.flags | NLM_F_REQUEST | ack, sequence, payload });
  });
  return concat(messages);
}

/** A dump goes alone, since a socket runs one at a time; the others share datagrams of bounded size. */
function chunks(requests: readonly Request[]): readonly (readonly Request[])[] {
  const all: Request[][] = [];
  let current: Request[] = [];
  let bytes = 0;
  for (const request of requests) {
    const full = current.length >= DATAGRAM_REQUESTS || bytes + request.payload.length > DATAGRAM_BYTES;
    const alone = isDump(request) || current.slice(0, 1).some(isDump);
    if (all.length === 0 || full || alone) {
      current = [];
      bytes = 0;
      all.push(current);
    }
    current.push(request);
    bytes += request.payload.length;
  }
  return all;
}

function orThrow(outcome: readonly Reply[] | NetlinkError | undefined): readonly Reply[] {
  if (outcome instanceof NetlinkError) throw outcome;
  return outcome ?? [];
}

function asFailure(one: Pending): NetlinkError {
  if (one.outcome instanceof NetlinkError) return one.outcome;
  throw new Error(`${one.request.title} was left without an answer`);
}

function neverConsistent(one: Pending): NetlinkError {
  const kernelText = `the dump was interrupted by changes ${DUMP_ATTEMPTS} times`;
  return new NetlinkError(one.request.title, one.sequence, { errno: errno.EINTR, kernelText });
}

function formatPending({ request, replies, outcome }: Pending): string {
  if (outcome instanceof NetlinkError)
    return `${request.title} -> ${outcome.message.slice(request.title.length + 2)}`;
  return replies.length > 0 ? `${request.title} -> ${replies.length}` : request.title;
}
