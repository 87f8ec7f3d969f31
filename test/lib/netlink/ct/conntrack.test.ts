import { expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import type { Netlink } from "../../../../lib/netlink/connection.ts";
import { dumpConntrack, encodeConntrackDump } from "../../../../lib/netlink/ct/dump.ts";
import { decodeConntrack, deleteConntrack, IPS_DST_NAT } from "../../../../lib/netlink/ct/entry.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";
import type { Reply, Request } from "../../../../lib/netlink/message.ts";
import { errno } from "../../../../lib/os/errno.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const conntrack = golden("ct/conntrack.txt");
const NFGENMSG = 4;
const udp = conntrack("conntrack -L -f ipv4").replies;
const tcp6 = conntrack("conntrack -L -f ipv6").replies;

/** A kernel that answers one way to dumps with a filter and another way to those without. */
function kernel(
  filtered: readonly Reply[] | number,
  all: readonly Reply[],
): Netlink & { readonly seen: Request[] } {
  const seen: Request[] = [];
  return {
    seen,
    request(request) {
      seen.push(request);
      if (request.payload.length === NFGENMSG) return all;
      if (typeof filtered === "number") throw new NetlinkError(request.title, 1, { errno: filtered });
      return filtered;
    },
    requests: () => expect.fail("not used"),
    together: () => expect.fail("not used"),
    transaction: () => expect.fail("not used"),
    close: () => {},
  };
}

test("a whole table is asked for as conntrack asks for it", () => {
  expectGolden(encodeConntrackDump({ family: 4 }), conntrack("conntrack -L -f ipv4"), NFGENMSG);
  expectGolden(encodeConntrackDump({ family: 6 }), conntrack("conntrack -L -f ipv6"), NFGENMSG);
});

test("an entry tells both directions, so that a translated destination shows", () => {
  const [entry] = udp.map(decodeConntrack);
  expect(entry).toMatchObject({
    family: 4,
    orig: { src: "10.0.0.1", dst: "10.0.0.2", protocol: 17, srcPort: 1000, dstPort: 5353 },
    reply: { src: "10.9.0.9", dst: "10.0.0.1", protocol: 17, srcPort: 53, dstPort: 1000 },
    zone: 0,
  });
  expect((entry?.status ?? 0) & IPS_DST_NAT).toBe(IPS_DST_NAT);
  expect(tcp6.map(decodeConntrack)).toMatchObject([
    { family: 6, orig: { src: "fd00::1", dst: "fd00::2", protocol: 6, srcPort: 1001, dstPort: 80 } },
  ]);
});

test("an entry is deleted by its tuple and id, never without a tuple", () => {
  for (const reply of [...udp, ...tcp6]) {
    const entry = decodeConntrack(reply);
    const { title, type, flags, payload } = deleteConntrack(entry);
    // What the kernel sent begins with the same header and the same CTA_TUPLE_ORIG.
    const tuple = NFGENMSG + (entry.family === 4 ? 52 : 76);
    expect(payload.subarray(0, tuple)).toEqual(reply.payload.subarray(0, tuple));
    expect(payload.length).toBe(tuple + 8);
    expect([type, flags]).toEqual([0x102, 0]);
    expect(title).toContain(`--dport ${entry.orig.dstPort}`);
  }
});

test("a filter names what counts, in the kernel's bits", () => {
  const { title, payload } = encodeConntrackDump({
    family: 4,
    protocol: 17,
    origDstPort: 5353,
    replySrc: ip("10.9.0.9"),
  });
  expect(title).toBe("conntrack -L -f ipv4 -p 17 --orig-port-dst 5353 --reply-src 10.9.0.9");
  const wanted =
    "02000000" +
    // CTA_TUPLE_ORIG { CTA_TUPLE_PROTO { NUM 17, DST_PORT 5353 } }
    "18000180 14000280 05000100 11000000 06000300 14e90000" +
    // CTA_TUPLE_REPLY { CTA_TUPLE_IP { V4_SRC 10.9.0.9 } }
    "10000280 0c000180 08000100 0a090009" +
    // CTA_FILTER { ORIG_FLAGS NUM|DST_PORT, REPLY_FLAGS IP_SRC }
    "14001980 08000100 28000000 08000200 01000000";
  expect(Buffer.from(payload).toString("hex")).toBe(wanted.replaceAll(" ", ""));
});

test("the kernel filters where it can", () => {
  const netlink = kernel(udp, []);
  expect(dumpConntrack(netlink, { family: 4, protocol: 17 })).toHaveLength(1);
  expect(netlink.seen).toHaveLength(1);
});

test.each([errno.EINVAL, errno.EOPNOTSUPP])(
  "errno %i to a filter: everything is read and filtered here",
  (number) => {
    const netlink = kernel(number, udp);
    expect(dumpConntrack(netlink, { family: 4, protocol: 17, origDstPort: 5353 })).toHaveLength(1);
    expect(dumpConntrack(netlink, { family: 4, protocol: 17, origDstPort: 53 })).toHaveLength(0);
    expect(dumpConntrack(netlink, { family: 4, protocol: 17, replySrc: ip("10.9.0.9") })).toHaveLength(1);
    expect(dumpConntrack(netlink, { family: 4, protocol: 17, replySrc: ip("10.9.0.8") })).toHaveLength(0);
    expect(dumpConntrack(netlink, { family: 4, protocol: 6 })).toHaveLength(0);
  },
);

test("a kernel that takes no notice of the filter does no harm", () => {
  expect(dumpConntrack(kernel([...udp, ...tcp6], []), { family: 4, protocol: 17 })).toHaveLength(1);
});

test("another refusal is an error", () => {
  expect(() => dumpConntrack(kernel(errno.EPERM, udp), { family: 4, protocol: 17 })).toThrow(NetlinkError);
});
