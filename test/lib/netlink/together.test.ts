import { describe, expect, test } from "vitest";
import { connect } from "../../../lib/netlink/connection.ts";
import { type Message, NLM_F_ACK, NLM_F_REQUEST, type Request } from "../../../lib/netlink/message.ts";
import { errno } from "../../../lib/os/errno.ts";
import { SystemCallError } from "../../../lib/os/error.ts";
import { type Answer, ack, scriptedSocket } from "./scripted-socket.ts";

const many = (count: number): readonly Request[] =>
  Array.from({ length: count }, (_, i) => ({
    title: `request ${i}`,
    type: 24,
    flags: 0,
    payload: new Uint8Array(1000),
  }));

const nth = (messages: readonly Message[], index: number): Message =>
  messages.at(index) ?? expect.fail(`no message ${index}`);

function outcomes(count: number, script: (messages: readonly Message[]) => readonly Answer[]) {
  const socket = scriptedSocket(script);
  const found = connect(socket).together(many(count));
  return { socket, names: found.map((one) => one?.errnoName) };
}

describe("requests that belong together", () => {
  test("are one datagram, whatever their number, of which the last alone is acknowledged", () => {
    const { socket, names } = outcomes(300, (messages) => [[ack(nth(messages, -1))]]);
    expect(socket.sent).toHaveLength(1);
    expect(socket.sent[0]).toHaveLength(300);
    const flags = socket.sent[0]?.map((message) => message.flags);
    expect(new Set(flags?.slice(0, -1))).toEqual(new Set([NLM_F_REQUEST]));
    expect(flags?.at(-1)).toBe(NLM_F_REQUEST | NLM_F_ACK);
    expect(new Set(names)).toEqual(new Set([undefined]));
  });

  test("each have their own failure, in whichever datagrams it comes", () => {
    const { names } = outcomes(4, (messages) => [
      [ack(nth(messages, 1), errno.EEXIST)],
      [ack(nth(messages, 2), errno.ESRCH), ack(nth(messages, 3), errno.ENODEV)],
    ]);
    expect(names).toEqual([undefined, "EEXIST", "ESRCH", "ENODEV"]);
  });

  test("all count as failed when they cannot be sent, or nobody knows what became of them", () => {
    const { names } = outcomes(3, (messages) => [
      [ack(nth(messages, 0), errno.EEXIST)],
      new SystemCallError("receive from netlink", errno.ENOBUFS),
    ]);
    expect(names).toEqual(["EEXIST", "ENOBUFS", "ENOBUFS"]);
  });

  test("leave the numbers of later requests their own", () => {
    const socket = scriptedSocket((messages) => [[ack(nth(messages, -1))]]);
    const netlink = connect(socket);
    netlink.together(many(3));
    netlink.requests(many(1));
    expect(socket.sent.flat().map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  test("may be none", () => {
    expect(connect(scriptedSocket(() => [])).together([])).toEqual([]);
  });
});
