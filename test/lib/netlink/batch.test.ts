import { describe, expect, test } from "vitest";
import { connect } from "../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../lib/netlink/error.ts";
import {
  type Message,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REQUEST,
  type Request,
} from "../../../lib/netlink/message.ts";
import {
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  nfgenmsg,
  nfnlType,
} from "../../../lib/netlink/nfnetlink.ts";
import { errno } from "../../../lib/os/errno.ts";
import { SystemCallError } from "../../../lib/os/error.ts";
import { type Answer, ack, scriptedSocket } from "./scripted-socket.ts";

const requests: readonly Request[] = ["add table", "add chain", "add rule"].map((title, i) => ({
  title,
  type: nfnlType(NFNL_SUBSYS_NFTABLES, i),
  flags: NLM_F_CREATE,
  payload: nfgenmsg(1),
}));

/** Runs the three requests against a kernel that answers so. @returns the error, or undefined for success */
function run(script: (messages: readonly Message[]) => readonly Answer[]): NetlinkError | undefined {
  try {
    connect(scriptedSocket(script)).transaction(requests);
    return undefined;
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
}

/** Messages in a batch: begin, the three, end. */
function pick(messages: readonly Message[], index: number): Message {
  return messages[index] ?? expect.fail(`no message ${index}`);
}

describe("a transaction", () => {
  test("is one datagram between BATCH_BEGIN and BATCH_END of its subsystem", () => {
    const socket = scriptedSocket((messages) => [[ack(pick(messages, 3))]]);
    connect(socket).transaction(requests);
    expect(socket.sent).toHaveLength(1);
    const messages = socket.sent[0] ?? [];
    expect(messages.map(({ type }) => type)).toEqual([
      NFNL_MSG_BATCH_BEGIN,
      0xa00,
      0xa01,
      0xa02,
      NFNL_MSG_BATCH_END,
    ]);
    expect(pick(messages, 0).payload).toEqual(Uint8Array.of(0, 0, 0, 10));
    expect(pick(messages, 4).payload).toEqual(Uint8Array.of(0, 0, 0, 10));
    const first = pick(messages, 0).sequence;
    expect(messages.map(({ sequence }) => sequence - first)).toEqual([0, 1, 2, 3, 4]);
    const plain = NLM_F_REQUEST | NLM_F_CREATE;
    expect(messages.slice(1, 4).map(({ flags }) => flags)).toEqual([plain, plain, plain | NLM_F_ACK]);
  });

  test("of no requests sends nothing", () => {
    const socket = scriptedSocket(() => []);
    connect(socket).transaction([]);
    expect(socket.sent).toEqual([]);
  });

  test("names the first request that failed, and the errors of the others are read too", () => {
    const socket = scriptedSocket((messages) => [
      [ack(pick(messages, 2), errno.ENOENT)],
      [ack(pick(messages, 3), errno.EINVAL)],
    ]);
    const netlink = connect(socket);
    expect(() => netlink.transaction(requests)).toThrow("add chain: ENOENT");
    // Nothing of it is left to be read.
    expect(() => socket.receive()).toThrow("ETIMEDOUT");
  });

  test("that fails at its last request names that one", () => {
    expect(run((messages) => [[ack(pick(messages, 3), errno.EEXIST)]])).toMatchObject({
      operation: "add rule",
      errnoName: "EEXIST",
      sequence: 4,
    });
  });

  test("that the kernel refuses as a whole says so", () => {
    expect(run((messages) => [[ack(pick(messages, 0), errno.EPERM)]])).toMatchObject({
      operation: 'batch of 3 from "add table"',
      errnoName: "EPERM",
    });
  });

  test("is not taken for done by what is left over of an older exchange", () => {
    const stale = { ...ack({ type: 0, flags: 0, sequence: 4711, payload: new Uint8Array(0) }, errno.EBUSY) };
    expect(run((messages) => [[stale], [stale, ack(pick(messages, 3))]])).toBeUndefined();
  });

  test("with more errors than fit the socket tells the first and empties the socket", () => {
    const overrun = new SystemCallError("receive from netlink", errno.ENOBUFS);
    const exists = (messages: readonly Message[]) => [ack(pick(messages, 1), errno.EEXIST)];
    const scripts: readonly ((messages: readonly Message[]) => readonly Answer[])[] = [
      (messages) => [overrun, exists(messages), exists(messages)],
      (messages) => [exists(messages), overrun, exists(messages)],
    ];
    for (const script of scripts) {
      const socket = scriptedSocket(script);
      expect(() => connect(socket).transaction(requests)).toThrow("add table: EEXIST");
      expect(() => socket.receive()).toThrow("ETIMEDOUT");
    }
  });

  test("of which every error was lost is a failure all the same", () => {
    const overrun = new SystemCallError("receive from netlink", errno.ENOBUFS);
    expect(run(() => [overrun, overrun])).toMatchObject({ errnoName: "ENOBUFS" });
  });

  test("without an answer fails", () => {
    expect(run(() => [])).toMatchObject({ errnoName: "ETIMEDOUT", operation: 'batch of 3 from "add table"' });
  });

  test("too large to be sent says so", () => {
    const socket = {
      ...scriptedSocket(() => []),
      send: () => {
        throw new SystemCallError("send to netlink", errno.EMSGSIZE, "9000000 bytes");
      },
    };
    expect(() => connect(socket).transaction(requests)).toThrow(
      "EMSGSIZE (send to netlink: EMSGSIZE (9000000 bytes))",
    );
  });
});
