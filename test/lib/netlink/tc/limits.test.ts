import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mac } from "../../../../lib/addr/mac.ts";
import { decodeAttrs, findAttr, nested } from "../../../../lib/netlink/attr.ts";
import { concat, writeU16 } from "../../../../lib/netlink/bytes.ts";
import { createIfb } from "../../../../lib/netlink/route/ifb.ts";
import { deleteGroup } from "../../../../lib/netlink/route/link.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { addIngress, addTbf, decodeQdisc, deleteQdisc, getQdisc } from "../../../../lib/netlink/tc/qdisc.ts";
import { addRedirect, decodeRedirect, dumpIngressFilters } from "../../../../lib/netlink/tc/redirect.ts";
import { decodeTbf, encodeTbf } from "../../../../lib/netlink/tc/tbf.ts";
import { TCA_KIND, TCA_OPTIONS, TCMSG_LENGTH } from "../../../../lib/netlink/tc/tcmsg.ts";
import { seed } from "../../seed.ts";
import { expectGolden } from "../expect-golden.ts";
import { type Golden, golden } from "../golden.ts";

const limits = golden("tc/limits.txt");
const IFINFOMSG = 16;

/** The same message with other attributes inside of TCA_OPTIONS. */
function withOptions({ request, replies }: Golden, options: readonly Uint8Array[]): Golden {
  const attrs = decodeAttrs(request.payload, TCMSG_LENGTH);
  const header = request.payload.subarray(0, TCMSG_LENGTH);
  const kind = attrOf(TCA_KIND, findAttr(attrs, TCA_KIND));
  return { request: { ...request, payload: concat([header, kind, nested(TCA_OPTIONS, options)]) }, replies };
}

function attrOf(type: number, value: Uint8Array = new Uint8Array()): Uint8Array {
  const header = new Uint8Array(4);
  writeU16(header, 0, 4 + value.length);
  writeU16(header, 2, type);
  return concat([header, value, new Uint8Array(-value.length & 3)]);
}

const optionsOf = ({ request }: Golden) =>
  decodeAttrs(findAttr(decodeAttrs(request.payload, TCMSG_LENGTH), TCA_OPTIONS) ?? new Uint8Array());

/** The kernel needs no table of times. */
function withoutTable(sent: Golden): Golden {
  const TCA_TBF_RTAB = 2;
  const rest = optionsOf(sent).filter(({ type }) => type !== TCA_TBF_RTAB);
  expect(rest).not.toHaveLength(optionsOf(sent).length);
  return withOptions(
    sent,
    rest.map(({ type, bytes }) => attrOf(type, bytes)),
  );
}

/** `tc` wants one key at least: it has 16 bytes at the end of the selector, which counts it in its third byte. */
function withoutKey(sent: Golden): Golden {
  const TCA_U32_SEL = 5;
  const attrs = optionsOf(sent).map(({ type, bytes }) => {
    if (type !== TCA_U32_SEL) return attrOf(type, bytes);
    expect(bytes[2]).toBe(1);
    const rest = Uint8Array.from(bytes.subarray(0, -16));
    rest[2] = 0;
    return attrOf(type, rest);
  });
  return withOptions(sent, attrs);
}

describe("requests about limits are those of ip and tc", () => {
  it("an intermediate functional block is made in one message, with its group", () => {
    const request = createIfb({ name: "vq1", mtu: 1450, mac: mac("02:00:00:00:00:05"), group: 4711 });
    const command = "ip link add vq1 mtu 1450 address 02:00:00:00:00:05 group 4711 type ifb";
    expectGolden(request, limits(command), IFINFOMSG);
    expect(`ip ${request.title}`).toBe(command);
  });

  it("a link joins a group, and a group is deleted", () => {
    expectGolden(setLink(4, { group: 4711 }), limits("ip link set vp1 group 4711"), IFINFOMSG);
    expectGolden(deleteGroup(4711), limits("ip link del group 4711"), IFINFOMSG);
    expect(setLink(4, { group: 4711 }).title).toBe("link set index 4 group 4711");
    expect(deleteGroup(4711).title).toBe("link delete group 4711");
  });

  it("a token bucket, but for the table of times that the kernel computes by itself", () => {
    const request = addTbf(4, { bytesPerSecond: 1_250_000, burstBytes: 16_384, limitBytes: 102_400 });
    const sent = limits("tc qdisc add dev vp1 root tbf rate 1250000bps burst 16384 limit 102400");
    expectGolden(request, withoutTable(sent), TCMSG_LENGTH);
    expect(request.title).toBe("qdisc add dev index 4 root tbf rate 1250000bps burst 16384b limit 102400b");
  });

  it("a token bucket of a rate that needs 64 bits", () => {
    const bucket = { bytesPerSecond: 5_000_000_000, burstBytes: 5_000_000, limitBytes: 130_000_000 };
    const sent = limits("tc qdisc add dev vq1 root tbf rate 5000000000bps burst 5000000 limit 130000000");
    expectGolden(addTbf(5, bucket), withoutTable(sent), TCMSG_LENGTH);
  });

  it("what hangs on the side where a link receives", () => {
    expectGolden(addIngress(4), limits("tc qdisc add dev vp1 ingress"), TCMSG_LENGTH);
    const command =
      "tc filter add dev vp1 parent ffff: protocol all pref 1 u32 match u32 0 0 action mirred egress redirect dev vq1";
    expectGolden(addRedirect(4, 5), withoutKey(limits(command)), TCMSG_LENGTH);
    expect(addRedirect(4, 5).title).toBe(
      "filter add dev index 4 ingress u32 action mirred egress redirect dev index 5",
    );
  });

  it("deleting, and asking", () => {
    expectGolden(deleteQdisc(4, "root"), limits("tc qdisc del dev vp1 root"), TCMSG_LENGTH);
    expectGolden(deleteQdisc(4, "ingress"), limits("tc qdisc del dev vp1 ingress"), TCMSG_LENGTH);
    expectGolden(dumpIngressFilters(4), limits("tc filter show dev vp1 parent ffff:"), TCMSG_LENGTH);
    expect(getQdisc(4, "ingress").title).toBe("qdisc show dev index 4 ingress");
    expect(deleteQdisc(4, "root").title).toBe("qdisc del dev index 4 root");
  });
});

describe("what the kernel tells of limits", () => {
  it("is the token bucket of a link, and what receives", () => {
    const [root, ingress] = limits("tc qdisc show dev vp1").replies.map(decodeQdisc);
    expect(root).toMatchObject({ index: 4, kind: "tbf", parent: 0xffff_ffff });
    expect(decodeTbf(root?.options ?? [])).toEqual({
      bytesPerSecond: 1_250_000,
      burstBytes: 16_384,
      limitBytes: 102_400,
    });
    expect(ingress).toMatchObject({ index: 4, kind: "ingress", handle: 0xffff_0000, parent: 0xffff_fff1 });
    expect(decodeTbf(ingress?.options ?? [])).toBeUndefined();
  });

  it("has the burst of a fast link as a time, so not to the byte", () => {
    const [root] = limits("tc qdisc show dev vq1").replies.map(decodeQdisc);
    expect(decodeTbf(root?.options ?? [])).toEqual({
      bytesPerSecond: 5_000_000_000,
      burstBytes: 4_999_680,
      limitBytes: 130_000_000,
    });
  });

  it("is where a filter redirects, of all that belongs to it", () => {
    const { replies } = limits("tc filter show dev vp1 parent ffff:");
    expect(replies.map(decodeRedirect)).toEqual([undefined, undefined, 5]);
  });

  it("says nothing of a filter of another kind", () => {
    expect(decodeRedirect(addIngress(4))).toBeUndefined();
    expect(decodeRedirect(addTbf(4, { bytesPerSecond: 1, burstBytes: 1, limitBytes: 1 }))).toBeUndefined();
  });
});

it("what is encoded is decoded, whatever the numbers", () => {
  const size = fc.integer({ min: 1, max: 0xffff_ffff });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      size,
      size,
      (bytesPerSecond, burstBytes, limitBytes) => {
        const bucket = { bytesPerSecond, burstBytes, limitBytes };
        expect(decodeTbf(decodeAttrs(encodeTbf(bucket)))).toEqual(bucket);
      },
    ),
    { seed },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0x7fff_ffff }), size, (index, target) => {
      expect(decodeRedirect(addRedirect(index, target))).toBe(target);
    }),
    { seed },
  );
});
