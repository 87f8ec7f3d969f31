import { describe, expect, test } from "vitest";
import { nested, text, u8, u32 } from "../../../../lib/netlink/attr.ts";
import { concat } from "../../../../lib/netlink/bytes.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { ifinfomsg, RTM_NEWLINK } from "../../../../lib/netlink/route/ifinfo.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { decodeTap } from "../../../../lib/netlink/route/tun.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const tap = golden("route/tap.txt");
const IFINFOMSG = 16;

const linkOf = (command: string) => {
  const { replies } = tap(command);
  expect(replies).toHaveLength(1);
  return decodeLink(replies[0] ?? expect.fail("no reply"));
};

describe("a tap as the kernel tells of it", () => {
  test("has user, group, queues and header", () => {
    const link = linkOf("ip link show tap0");
    expect(link).toMatchObject({ index: 2, name: "tap0", kind: "tun", up: false, mtu: 1500 });
    expect(decodeTap(link)).toEqual({
      owner: 107,
      group: 36,
      multiQueue: true,
      vnetHeader: true,
      persistent: true,
    });
  });

  test("has no user and no group where none was set", () => {
    expect(decodeTap(linkOf("ip link show tap1"))).toEqual({
      owner: undefined,
      group: undefined,
      multiQueue: false,
      vnetHeader: false,
      persistent: true,
    });
  });

  test("is no tun, which has packets in the place of frames", () => {
    const link = linkOf("ip link show tun0");
    expect(link).toMatchObject({ name: "tun0", kind: "tun", mac: undefined });
    expect(decodeTap(link)).toBeUndefined();
  });

  test("is of its kind, whatever attributes another has", () => {
    const told = (kind: string, ...data: readonly Uint8Array[]) => {
      const payload = concat([ifinfomsg(7), nested(18, [text(1, kind), nested(2, data)])]);
      return decodeTap(decodeLink({ type: RTM_NEWLINK, flags: 0, payload }));
    };
    expect(told("veth", u8(3, 2))).toBeUndefined();
    expect(told("tun")).toBeUndefined();
    expect(told("tun", u8(3, 2), u32(1, 0))).toMatchObject({ owner: 0, persistent: false });
    expect(told("tun", u8(3, 2), u32(99, 1), u32(2, 4294967294))).toMatchObject({ group: 4294967294 });
  });
});

describe("frames to all groups", () => {
  test.each([
    ["ip link set tap1 allmulticast on", { allMulticast: true }],
    ["ip link set tap1 allmulticast off", { allMulticast: false }],
    ["ip link set tap1 up allmulticast on", { up: true, allMulticast: true }],
  ] as const)("%s", (command, changes) => {
    expectGolden(setLink(3, changes), tap(command), IFINFOMSG);
  });

  test("are told of in the words of ip", () => {
    expect(setLink(3, { up: true, allMulticast: true }).title).toBe("link set index 3 up allmulticast on");
    expect(setLink("mv1", { allMulticast: false }).title).toBe("link set mv1 allmulticast off");
  });
});
