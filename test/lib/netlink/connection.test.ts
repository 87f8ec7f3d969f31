import { describe, expect, test } from "vitest";
import { text, u32 } from "../../../lib/netlink/attr.ts";
import { connect } from "../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../lib/netlink/error.ts";
import {
  type Message,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  type Request,
} from "../../../lib/netlink/message.ts";
import { errno } from "../../../lib/os/errno.ts";
import { isErrno, SystemCallError } from "../../../lib/os/error.ts";
import { ack, done, part, scriptedSocket } from "./scripted-socket.ts";

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;
const NLMSGERR_ATTR_MISS_TYPE = 5;

function request(title: string, flags = 0, size = 4): Request {
  return { title, type: 16, flags, payload: new Uint8Array(size).fill(0xa5) };
}

function failure(act: () => unknown): NetlinkError {
  try {
    act();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

const values = (replies: readonly { readonly payload: Uint8Array }[] | NetlinkError) =>
  replies instanceof NetlinkError ? replies.errnoName : replies.map(({ payload }) => payload[0]);

describe("one request", () => {
  test("a plain acknowledgement is no reply", () => {
    const socket = scriptedSocket(([one]) => (one ? [[ack(one)]] : []));
    const netlink = connect(socket);
    expect(netlink.request(request("link set up"))).toEqual([]);
    expect(netlink.request(request("link set up"))).toEqual([]);
    const sent = socket.sent.flat();
    expect(sent.map(({ flags }) => flags)).toEqual([NLM_F_REQUEST | NLM_F_ACK, NLM_F_REQUEST | NLM_F_ACK]);
    expect(new Set(sent.map(({ sequence }) => sequence)).size).toBe(2);
    expect(sent[0]?.payload).toEqual(request("").payload);
    netlink.close();
    expect(socket.closed).toBe(true);
  });

  test("a reply comes before its acknowledgement, in the same datagram or in another", () => {
    const apart = connect(scriptedSocket(([one]) => (one ? [[part(one, 7)], [ack(one)]] : [])));
    expect(values(apart.request(request("link show")))).toEqual([7]);
    const together = connect(scriptedSocket(([one]) => (one ? [[part(one, 7), ack(one)]] : [])));
    expect(values(together.request(request("link show")))).toEqual([7]);
  });

  test("a refusal bears the request, the number, the kernel's text and where it was", () => {
    const attrs = [text(NLMSGERR_ATTR_MSG, "Unknown device type"), u32(NLMSGERR_ATTR_OFFS, 40)];
    const netlink = connect(scriptedSocket(([one]) => (one ? [[ack(one, errno.EOPNOTSUPP, attrs)]] : [])));
    const error = failure(() => netlink.request(request("link add x type y")));
    expect(error).toMatchObject({
      name: "NetlinkError",
      message: "link add x type y: EOPNOTSUPP (Unknown device type)",
      operation: "link add x type y",
      errno: 95,
      errnoName: "EOPNOTSUPP",
      kernelText: "Unknown device type",
      offset: 40,
      sequence: 1,
    });
    expect(isErrno(error, "EEXIST", "EOPNOTSUPP")).toBe(true);
    expect(isErrno(error, "EEXIST")).toBe(false);
  });

  test("a refusal says which attribute is missing", () => {
    const attrs = [u32(NLMSGERR_ATTR_MISS_TYPE, 3)];
    const netlink = connect(scriptedSocket(([one]) => (one ? [[ack(one, errno.EINVAL, attrs)]] : [])));
    const { message } = failure(() => netlink.request(request("addr add")));
    expect(message).toBe("addr add: EINVAL (attribute 3 is missing)");
  });

  test("answers to another request, left over from one that timed out, are dropped", () => {
    const stale = { type: 99, flags: 0, sequence: 1, payload: Uint8Array.of(66, 0, 0, 0) };
    const socket = scriptedSocket(([one], turn) => {
      if (turn === 0 || one === undefined) return [];
      return [
        [stale, ack(stale, errno.EBUSY)],
        [part(one, 7), stale, ack(one)],
      ];
    });
    const netlink = connect(socket);
    const error = failure(() => netlink.request(request("first")));
    expect(error).toMatchObject({ operation: "first", errnoName: "ETIMEDOUT" });
    expect(error.cause).toBeInstanceOf(SystemCallError);
    expect(values(netlink.request(request("second")))).toEqual([7]);
  });

  test("a request that cannot be sent fails with the number of the system call", () => {
    const socket = { ...scriptedSocket(() => []), send: () => sendFails(errno.ENOBUFS) };
    expect(failure(() => connect(socket).request(request("link add")))).toMatchObject({
      errnoName: "ENOBUFS",
    });
  });

  test("an answer cut short is an error, never an answer", () => {
    const socket = {
      ...scriptedSocket(() => []),
      receive: () => Uint8Array.of(...[99, 0, 0, 0], ...Array(16).fill(0)),
    };
    expect(failure(() => connect(socket).request(request("link show")))).toMatchObject({ errnoName: "EIO" });
  });
});

describe("dumps", () => {
  const dump = request("link show", NLM_F_DUMP);

  test("all parts until NLMSG_DONE are gathered, over several datagrams", () => {
    const socket = scriptedSocket(([one]) =>
      one ? [[part(one, 1), part(one, 2)], [part(one, 3)], [done(one)]] : [],
    );
    expect(values(connect(socket).request(dump))).toEqual([1, 2, 3]);
    // The kernel never acknowledges a dump, so none is asked for.
    expect(socket.sent.flat().map(({ flags }) => flags)).toEqual([NLM_F_REQUEST | NLM_F_DUMP]);
  });

  test("an error in NLMSG_DONE is an error", () => {
    const netlink = connect(
      scriptedSocket(([one]) => (one ? [[part(one, 1), done(one, errno.ENOENT)]] : [])),
    );
    expect(failure(() => netlink.request(dump))).toMatchObject({ errnoName: "ENOENT" });
  });

  test("a refused dump is an error", () => {
    const netlink = connect(scriptedSocket(([one]) => (one ? [[ack(one, errno.EPERM)]] : [])));
    expect(failure(() => netlink.request(dump))).toMatchObject({ errnoName: "EPERM" });
  });

  test.each(["part", "done"])("interrupted by a change, told by %s, it is asked for again", (where) => {
    const socket = scriptedSocket(([one], turn) => {
      if (one === undefined) return [];
      const flags = turn < 2 ? NLM_F_DUMP_INTR : 0;
      return [[part(one, turn, where === "part" ? flags : 0), done(one, 0, where === "done" ? flags : 0)]];
    });
    expect(values(connect(socket).request(dump))).toEqual([2]);
    expect(socket.sent).toHaveLength(3);
  });

  test("after five interrupted attempts it fails rather than lie", () => {
    const socket = scriptedSocket(([one]) => (one ? [[part(one, 1, NLM_F_DUMP_INTR), done(one)]] : []));
    expect(failure(() => connect(socket).request(dump))).toMatchObject({ errnoName: "EINTR" });
    expect(socket.sent).toHaveLength(5);
  });

  test("creating with NLM_F_REPLACE and NLM_F_EXCL, the same bits, is no dump", () => {
    const socket = scriptedSocket(([one]) => (one ? [[ack(one)]] : []));
    const flags = NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL;
    expect(connect(socket).request(request("route replace", flags))).toEqual([]);
  });
});

describe("several requests", () => {
  /** One that is done, one that is refused, one with a reply, and the last one, as the kernel answers them. */
  const answers: readonly ((one: Message) => readonly Message[])[] = [
    () => [],
    (one) => [ack(one, errno.EEXIST)],
    (one) => [part(one, 9)],
    (one) => [ack(one)],
  ];

  test("share a datagram, and each has its own outcome in its own place", () => {
    const socket = scriptedSocket((all) => [all.flatMap((one, i) => answers[i]?.(one) ?? [])]);
    const outcomes = connect(socket).requests(["a", "b", "c", "d"].map((title) => request(title)));
    expect(outcomes.map(values)).toEqual([[], "EEXIST", [9], []]);
    expect(outcomes[1]).toMatchObject({ operation: "b" });
    expect(socket.sent.map((messages) => messages.length)).toEqual([4]);
  });

  test("only the last one asks for an acknowledgement, which says that the others are through", () => {
    const socket = scriptedSocket((all) => all.map((one, i) => answers[i]?.(one) ?? []));
    const outcomes = connect(socket).requests(["a", "b", "c", "d"].map((title) => request(title)));
    expect(outcomes.map(values)).toEqual([[], "EEXIST", [9], []]);
    const [asked, silent] = [NLM_F_REQUEST | NLM_F_ACK, NLM_F_REQUEST];
    expect(socket.sent.flat().map(({ flags }) => flags)).toEqual([silent, silent, silent, asked]);
  });

  test("when the last one is refused, those before it that were not are done", () => {
    const socket = scriptedSocket((all) => [all.slice(-1).map((one) => ack(one, errno.ENODEV))]);
    const outcomes = connect(socket).requests([request("a"), request("b")]);
    expect(outcomes.map(values)).toEqual([[], "ENODEV"]);
  });

  test("without an answer to the last one, those before it that said nothing are not done", () => {
    const socket = scriptedSocket(([, one]) => (one ? [[part(one, 9)]] : []));
    const outcomes = connect(socket).requests(["a", "b", "c"].map((title) => request(title)));
    expect(outcomes.map(values)).toEqual(["ETIMEDOUT", "ETIMEDOUT", "ETIMEDOUT"]);
  });

  test("many go in several datagrams, so that acknowledgements fit the socket", () => {
    const socket = scriptedSocket((all) => all.map((one) => [ack(one)]));
    const outcomes = connect(socket).requests(Array.from({ length: 200 }, (_, i) => request(`${i}`)));
    expect(outcomes).toEqual(Array(200).fill([]));
    expect(socket.sent.map((messages) => messages.length)).toEqual([64, 64, 64, 8]);
  });

  test("large ones go in several datagrams too", () => {
    const socket = scriptedSocket((all) => all.map((one) => [ack(one)]));
    connect(socket).requests(Array.from({ length: 5 }, (_, i) => request(`${i}`, 0, 30_000)));
    expect(socket.sent.map((messages) => messages.length)).toEqual([2, 2, 1]);
  });

  test("a dump among them goes alone, since a socket runs one at a time", () => {
    const socket = scriptedSocket((all) => all.map((one) => [one.flags & NLM_F_DUMP ? done(one) : ack(one)]));
    const list = [request("a"), request("b"), request("dump", NLM_F_DUMP), request("c")];
    expect(connect(socket).requests(list)).toEqual([[], [], [], []]);
    expect(socket.sent.map((messages) => messages.length)).toEqual([2, 1, 1]);
  });

  test("when answers stop coming, those that have one keep it", () => {
    const socket = scriptedSocket(([one]) => (one ? [[ack(one)]] : []));
    const outcomes = connect(socket).requests([request("a"), request("b")]);
    expect(outcomes.map(values)).toEqual([[], "ETIMEDOUT"]);
  });

  test("when answers were lost, those without one fail and the socket is emptied", () => {
    const overrun = new SystemCallError("receive from netlink", errno.ENOBUFS);
    const socket = scriptedSocket(([one]) => (one ? [[ack(one)], overrun, [ack(one)]] : []));
    expect(
      connect(socket)
        .requests([request("a"), request("b")])
        .map(values),
    ).toEqual([[], "ENOBUFS"]);
    expect(() => socket.receive()).toThrow("ETIMEDOUT");
  });

  test("none is nothing sent", () => {
    const socket = scriptedSocket(() => []);
    expect(connect(socket).requests([])).toEqual([]);
    expect(socket.sent).toEqual([]);
  });
});

test("the trace has a line per request with what became of it", () => {
  const lines: string[] = [];
  const socket = scriptedSocket((all) => [
    all.flatMap((one, i) =>
      i === 1 ? [ack(one, errno.EEXIST)] : i === 2 ? [part(one, 9), ack(one)] : [ack(one)],
    ),
  ]);
  connect(socket, (line) => lines.push(line)).requests(
    ["link add a", "link add b", "link show c"].map((t) => request(t)),
  );
  expect(lines).toEqual(["link add a", "link add b -> EEXIST", "link show c -> 1"]);
});

function sendFails(number: number): never {
  throw new SystemCallError("send to netlink", number);
}
