import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { bytes, u32 } from "../../../../lib/netlink/attr.ts";
import { concat, writeU32 } from "../../../../lib/netlink/bytes.ts";
import type { Reply, Request } from "../../../../lib/netlink/message.ts";
import { addAddress, decodeAddress } from "../../../../lib/netlink/route/address.ts";
import { decodeRoute } from "../../../../lib/netlink/route/decode-route.ts";
import { addRoute } from "../../../../lib/netlink/route/route.ts";
import {
  addRecordedAddress,
  recordAddress,
} from "../../../../lib/netlink/route/transfer/transfer-address.ts";
import {
  addRecordedRoute,
  deleteRecordedRoute,
  recordRoute,
} from "../../../../lib/netlink/route/transfer/transfer-route.ts";

const [from, to] = [2, 7];
const IFA_CACHEINFO = 6;
const RTA_CACHEINFO = 12;
const RTA_EXPIRES = 23;
const RTA_NH_ID = 30;

const withAttrs = (request: Request, ...attrs: readonly Uint8Array[]): Reply => ({
  ...request,
  payload: concat([request.payload, ...attrs]),
});

function words(...values: readonly number[]): Uint8Array {
  const all = new Uint8Array(values.length * 4);
  for (const [i, value] of values.entries()) writeU32(all, i * 4, value);
  return all;
}

describe("a route that moves", () => {
  const route = {
    dst: prefix("10.0.0.0/8"),
    gateway: ip("192.0.2.2"),
    src: ip("192.0.2.1"),
    table: 1000,
    priority: 7,
    mtu: 1400,
  };
  const reply = addRoute({ ...route, index: from });

  it("has everything on the other link that it had, also what nobody here knows", () => {
    const record = recordRoute(withAttrs(reply, u32(99, 4711)), from, 1024);
    const moved = decodeRoute(addRecordedRoute(record, to));
    const { attrs: _, ...rest } = decodeRoute(reply);
    expect(moved).toMatchObject({ ...rest, index: to, nexthops: [{ index: to, gateway: route.gateway }] });
    expect(moved.attrs.find(({ type }) => type === 99)?.bytes).toEqual(words(4711));
    expect(record.gateways).toEqual([route.gateway]);
  });

  it("names no link while it is kept, and leaves links alone that are not its own", () => {
    const other = recordRoute(addRoute({ ...route, index: 9 }), from, 1024);
    expect(decodeRoute(addRecordedRoute(other, to)).index).toBe(9);
    expect(recordRoute(reply, from, 1024)).toEqual(recordRoute(addRoute({ ...route, index: 3 }), 3, 1024));
  });

  it("has the time left that it had, rounded up, and no next hop object", () => {
    const info = bytes(RTA_CACHEINFO, words(0, 0, 12_345, 0, 0, 0, 0, 0));
    const record = recordRoute(withAttrs(reply, info, u32(RTA_NH_ID, 5)), from, 1024);
    const { attrs } = decodeRoute(addRecordedRoute(record, to));
    expect(attrs.find(({ type }) => type === RTA_EXPIRES)?.bytes).toEqual(words(124));
    expect(attrs.some(({ type }) => type === RTA_CACHEINFO || type === RTA_NH_ID)).toBe(false);
  });

  it("steps aside when it is a router's, and is found by any metric where it comes from", () => {
    const learnt = { dst: prefix("::/0"), gateway: ip("fe80::2"), index: from, protocol: 9 };
    const record = recordRoute(addRoute({ ...learnt, priority: 1024 }), from, 1024);
    expect(decodeRoute(addRecordedRoute(record, to)).priority).toBe(1025);
    expect(decodeRoute(deleteRecordedRoute(record, from)).priority).toBe(0);
    const again = recordRoute(addRoute({ ...learnt, priority: 1025 }), from, 1024);
    expect(decodeRoute(addRecordedRoute(again, to)).priority).toBe(1025);
    const operators = recordRoute(addRoute({ ...learnt, protocol: 4, priority: 1024 }), from, 1024);
    expect(decodeRoute(addRecordedRoute(operators, to)).priority).toBe(1024);
  });
});

describe("an address that moves", () => {
  const reply = (text: string, flags: object = {}) =>
    addAddress({ index: from, address: prefix(text), ...flags });
  const record = (of: Reply) => recordAddress(of, "eth0") ?? expect.fail("it has no time left");

  it("is usable at once when it is IPv6, without being marked so for ever", () => {
    const [first, second, ...more] = addRecordedAddress(record(reply("2001:db8::1/64")), to);
    expect(more).toEqual([]);
    expect(decodeAddress(first as Request)).toMatchObject({ index: to, noDad: true });
    expect(decodeAddress(second as Request)).toMatchObject({ index: to, noDad: false });
    expect(addRecordedAddress(record(reply("2001:db8::1/64", { noDad: true })), to)).toHaveLength(1);
    expect(addRecordedAddress(record(reply("192.0.2.1/24")), to)).toHaveLength(1);
  });

  it("is not taken for sure while the wire is still asked about it", () => {
    const IFA_FLAGS = 8;
    const tentative = record(withAttrs(reply("2001:db8::1/64"), u32(IFA_FLAGS, 0x40 | 0x100)));
    const [only, ...more] = addRecordedAddress(tentative, to);
    expect(more).toEqual([]);
    expect(decodeAddress(only as Request)).toMatchObject({ noDad: false, tentative: false });
  });

  it("says how long it is lent, and is left behind when its time is up", () => {
    const lent = (validS: number) =>
      withAttrs(reply("192.0.2.1/24"), bytes(IFA_CACHEINFO, words(validS, validS, 0, 0)));
    expect(record(lent(3600))).toMatchObject({ validS: 3600 });
    expect(record(lent(0xffff_ffff)).validS).toBe(undefined);
    expect(recordAddress(lent(0), "eth0")).toBe(undefined);
  });
});
