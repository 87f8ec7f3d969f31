import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { linkLocal, mac } from "../../../lib/addr/mac.ts";
import { clientId, duid } from "../../../lib/dhcp/client-id.ts";
import { obtainLease } from "../../../lib/dhcp/obtain-lease.ts";
import { obtainLease6 } from "../../../lib/dhcp/obtain-lease6.ts";
import type { Datagram, DhcpSocket } from "../../../lib/dhcp/socket.ts";
import { decodeMessage, encodeMessage } from "../../../lib/dhcp/v4/message.ts";
import { decodeMessage6, encodeMessage6, messageType6 } from "../../../lib/dhcp/v6/message.ts";
import { fakeServer } from "./v4/fake-server.ts";

const key = "0123456789abcdef0123456789abcdef";

/** @param answer payload of the answer to a question */
function lan(answer: (question: Uint8Array, nowMs: number) => Uint8Array | undefined) {
  const queue: Datagram[] = [];
  const clock = { nowMs: 1_000_000 };
  const socket: DhcpSocket = {
    send(datagram) {
      const payload = answer(datagram.payload, clock.nowMs);
      if (payload !== undefined) queue.push({ ...datagram, sourceMac: mac("02:00:00:00:01:01"), payload });
    },
    receive(waitMs) {
      const next = queue.shift();
      if (next === undefined) clock.nowMs += waitMs;
      return next;
    },
    close() {},
  };
  const own = mac("02:00:00:00:00:02");
  const request = { mac: own, link: "eth0", now: () => clock.nowMs, random: () => 0.5, key };
  return {
    socket,
    request: { ...request, clientId: clientId(key), linkLocal: linkLocal(own), duid: duid(key) },
  };
}

function lan4() {
  const server = fakeServer({ number: 1, leaseSeconds: 100, authoritative: true });
  const asked: (number | undefined)[] = [];
  const made = lan((question, nowMs) => {
    const message = decodeMessage(question);
    asked.push(message.options.type);
    const answer = server.answer(message, nowMs);
    return answer && encodeMessage(answer);
  });
  return { ...made, asked };
}

/** A server that lends fd09::1, then fd09::2 and so on. */
function lan6() {
  const asked: number[] = [];
  const made = lan((question) => {
    const { type, xid, options } = decodeMessage6(question);
    asked.push(type);
    const isFirst = type === messageType6.solicit;
    if (!isFirst && type !== messageType6.request) return undefined;
    const declined = asked.filter((one) => one === messageType6.decline).length;
    const address = { address: ip(`fd09::${declined + 1}`), preferredSeconds: 80, validSeconds: 100 };
    const associations = (options.associations ?? []).map((one) => ({ ...one, addresses: [address] }));
    return encodeMessage6({
      type: isFirst ? messageType6.advertise : messageType6.reply,
      xid,
      options: { ...options, serverId: Uint8Array.of(0, 1), associations },
    });
  });
  return { ...made, asked };
}

const broken = () => {
  throw new Error("no memory");
};

describe("getting a lease", () => {
  it("declines an IPv6 address that somebody has, and takes another one", () => {
    const { socket, request, asked } = lan6();
    const lease = obtainLease6(socket, { ...request, isTaken: (address) => address === "fd09::1" });
    expect(lease.address).toBe("fd09::2");
    expect(asked).toEqual([1, 3, messageType6.decline, 1, 3]);
  });

  it("gives it back when nobody can tell whether somebody has the address", () => {
    const [four, six] = [lan4(), lan6()];
    expect(() => obtainLease(four.socket, { ...four.request, isTaken: broken })).toThrow("no memory");
    expect(four.asked).toEqual([1, 3, 7]);
    expect(() => obtainLease6(six.socket, { ...six.request, isTaken: broken })).toThrow("no memory");
    expect(six.asked).toEqual([1, 3, messageType6.release]);
  });
});
