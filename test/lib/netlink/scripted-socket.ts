/** A socket that answers by a script: for each datagram sent, the datagrams that come back. */

import { concat, writeU32 } from "../../../lib/netlink/bytes.ts";
import type { NetlinkSocket } from "../../../lib/netlink/exchange.ts";
import {
  decodeMessages,
  encodeMessage,
  type Message,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../../lib/netlink/message.ts";
import { errno } from "../../../lib/os/errno.ts";
import { SystemCallError } from "../../../lib/os/error.ts";

/** What `receive` gives: messages of one datagram, or the error it throws. */
export type Answer = readonly Message[] | Error;

export interface ScriptedSocket extends NetlinkSocket {
  readonly sent: readonly (readonly Message[])[];
  readonly closed: boolean;
}

/** @param script gets the messages of each datagram and its number, from 0 */
export function scriptedSocket(
  script: (messages: readonly Message[], turn: number) => readonly Answer[],
): ScriptedSocket {
  const sent: (readonly Message[])[] = [];
  const queue: Answer[] = [];
  let closed = false;
  return {
    sent,
    get closed() {
      return closed;
    },
    send(datagram) {
      const messages = decodeMessages(datagram);
      queue.push(...script(messages, sent.length));
      sent.push(messages);
    },
    receive() {
      const answer = queue.shift() ?? new SystemCallError("receive from netlink", errno.ETIMEDOUT);
      if (answer instanceof Error) throw answer;
      return concat(answer.map(encodeMessage));
    },
    drain() {
      queue.length = 0;
    },
    close() {
      closed = true;
    },
  };
}

/** NLMSG_ERROR as a kernel with NETLINK_CAP_ACK sends it. @param attrs NLMSGERR_ATTR_*, encoded */
export function ack(to: Message, number = 0, attrs: readonly Uint8Array[] = []): Message {
  const fixed = new Uint8Array(20);
  writeU32(fixed, 0, -number);
  fixed.set(encodeMessage({ ...to, payload: new Uint8Array(0) }).subarray(0, 16), 4);
  const flags = NLM_F_CAPPED | (attrs.length > 0 ? NLM_F_ACK_TLVS : 0);
  return { type: NLMSG_ERROR, flags, sequence: to.sequence, payload: concat([fixed, ...attrs]) };
}

export function part(of: Message, value: number, flags = 0): Message {
  return {
    type: 99,
    flags: NLM_F_MULTI | flags,
    sequence: of.sequence,
    payload: Uint8Array.of(value, 0, 0, 0),
  };
}

export function done(of: Message, number = 0, flags = 0): Message {
  const payload = new Uint8Array(4);
  writeU32(payload, 0, -number);
  return { type: NLMSG_DONE, flags: NLM_F_MULTI | flags, sequence: of.sequence, payload };
}
