/** Requests that nothing comes between: one datagram, which the kernel works through within the call that sends it. */
import { concat } from "./bytes.ts";
import { decodeAck, NetlinkError } from "./error.ts";
import { asError, errnoOf, type NetlinkSocket } from "./exchange.ts";
import {
  decodeMessages,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  type Request,
} from "./message.ts";

/**
 * The process may be killed before the call or after it, not in between. A request that fails stops none of those behind
 * it. Only the last one is acknowledged; of the others the kernel tells failures, so that thousands of answers need no room.
 *
 * @param first sequence number of the first request
 * @returns for each request its failure, or undefined
 */
export function sendTogether(
  socket: NetlinkSocket,
  requests: readonly Request[],
  first: number,
): readonly (NetlinkError | undefined)[] {
  const outcomes: (NetlinkError | undefined)[] = requests.map(() => undefined);
  const last = first + requests.length - 1;
  try {
    socket.send(concat(requests.map((request, i) => encode(request, first + i, first + i === last))));
    for (let open = requests.length > 0; open; ) {
      for (const message of decodeMessages(socket.receive())) {
        const { sequence, type } = message;
        if (type !== NLMSG_ERROR || sequence < first || sequence > last) continue;
        const ack = decodeAck(message);
        const title = requests[sequence - first]?.title ?? "";
        if (ack.errno !== 0) outcomes[sequence - first] = new NetlinkError(title, sequence, ack);
        if (sequence === last) open = false;
      }
    }
    return outcomes;
  } catch (error) {
    // Nothing was done, or nobody knows what: each counts as failed.
    socket.drain();
    const failure = { errno: errnoOf(error) };
    return requests.map(
      ({ title }, i) => outcomes[i] ?? new NetlinkError(title, first + i, failure, asError(error)),
    );
  }
}

function encode(request: Request, sequence: number, acknowledged: boolean): Uint8Array {
  const flags = request.flags | NLM_F_REQUEST | (acknowledged ? NLM_F_ACK : 0);
  return encodeMessage({ type: request.type, flags, sequence, payload: request.payload });
}
