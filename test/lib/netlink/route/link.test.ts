import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mac } from "../../../../lib/addr/mac.ts";
import { bytes } from "../../../../lib/netlink/attr.ts";
import { concat } from "../../../../lib/netlink/bytes.ts";
import { createBridge, decodeBridge } from "../../../../lib/netlink/route/bridge.ts";
import { decodeBridgePort, setBridgePort } from "../../../../lib/netlink/route/bridge-port.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { ifinfomsg, RTM_NEWLINK } from "../../../../lib/netlink/route/ifinfo.ts";
import { deleteLink, dumpLinks, getLink } from "../../../../lib/netlink/route/link.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../../lib/netlink/route/veth.ts";
import { seed } from "../../seed.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const link = golden("route/link.txt");
const IFINFOMSG = 16;

describe("link requests are those of ip", () => {
  test("a bridge is made in one message", () => {
    const request = createBridge({ name: "br0", mtu: 1450, mac: mac("02:00:00:00:00:01") });
    expectGolden(
      request,
      link("ip link add br0 mtu 1450 address 02:00:00:00:00:01 type bridge stp_state 0"),
      IFINFOMSG,
    );
    expect(request.title).toBe("link add br0 mtu 1450 address 02:00:00:00:00:01 type bridge stp_state 0");
  });

  test("a veth pair with its peer in a namespace is made in one message", () => {
    const request = createVeth({
      name: "vp1",
      mtu: 1450,
      txQueueLength: 500,
      mac: mac("02:00:00:00:00:02"),
      master: 2,
      peer: { name: "eth0", mtu: 1400, mac: mac("02:00:00:00:00:03"), netnsFd: 4 },
    });
    const command =
      "ip link add vp1 mtu 1450 txqueuelen 500 address 02:00:00:00:00:02 master br0 type veth " +
      "peer mtu 1400 address 02:00:00:00:00:03 netns c1 name eth0";
    expectGolden(request, link(command), IFINFOMSG);
    expect(request.title).toBe(
      "link add vp1 mtu 1450 txqueuelen 500 address 02:00:00:00:00:02 master index 2 type veth " +
        "peer eth0 mtu 1400 address 02:00:00:00:00:03 netns fd 4",
    );
  });

  test.each([
    ["ip link set vp1 up", { up: true }],
    ["ip link set vp1 down", { up: false }],
    ['ip link set vp1 alias "vswitch net/abc/eth0"', { alias: "vswitch net/abc/eth0" }],
    ["ip link set vp1 nomaster", { master: 0 }],
    ["ip link set vp1 master br0", { master: 2 }],
    ["ip link set vp1 addrgenmode none", { addrGenMode: "none" }],
    ["ip link set vp1 mtu 1300 address 02:00:00:00:00:04", { mtu: 1300, mac: mac("02:00:00:00:00:04") }],
    ["ip link set vp1 name vp2", { rename: "vp2" }],
  ] as const)("%s", (command, changes) => {
    expectGolden(setLink(3, changes), link(command), IFINFOMSG);
  });

  test("ip link del vp2", () => {
    expectGolden(deleteLink(3), link("ip link del vp2"), IFINFOMSG);
  });

  test("a link named by its name bears IFLA_IFNAME and index 0", () => {
    expect(Buffer.from(deleteLink("vp2").payload).toString("hex")).toBe(`${"00".repeat(16)}0800030076703200`);
  });

  test("titles tell the whole change in the words of ip", () => {
    const changes = { up: true, master: 0, rename: "e", alias: "a b", ipv4: { arp_notify: 1 }, netnsFd: 9 };
    expect(setLink(3, { ...changes, addrGenMode: "none" }).title).toBe(
      'link set index 3 nomaster up netns fd 9 name e alias "a b" ipv4.arp_notify=1 addrgenmode none',
    );
    expect(setBridgePort("vp1", { hairpin: true, isolated: false }).title).toBe(
      "link set vp1 type bridge_slave hairpin on isolated off",
    );
    expect(dumpLinks({ master: 2, kind: "veth" }).title).toBe("link show master index 2 type veth");
    expect(getLink("lo").title).toBe("link show dev lo");
  });

  test("a link named by its name cannot be renamed, for the new name would be looked up", () => {
    expect(() => setLink("vp1", { rename: "vp2" })).toThrow(RangeError);
  });
});

describe("links as the kernel tells of them", () => {
  const only = (command: string) => {
    const { replies } = link(command);
    expect(replies).toHaveLength(1);
    return decodeLink(replies[0] ?? expect.fail("no reply"));
  };

  test("a veth end that is the port of a bridge", () => {
    const port = only("ip link show vp1");
    expect({ ...port, attrs: [], data: [], slaveData: [] }).toEqual({
      index: 3,
      name: "vp1",
      flags: 0x1003,
      up: true,
      carrier: false,
      operState: "lowerlayerdown",
      mtu: 1450,
      mac: "02:00:00:00:00:02",
      permanentMac: undefined,
      master: 2,
      group: 0,
      kind: "veth",
      alias: "vswitch net/abc/eth0",
      peerIndex: 2,
      netnsId: 0,
      txQueueLength: 500,
      data: [],
      slaveKind: "bridge",
      slaveData: [],
      stats: expect.objectContaining({ rxErrors: 0n }),
      attrs: [],
    });
    expect(decodeBridge(port)).toBeUndefined();
    expect(decodeBridgePort(port)).toEqual({
      hairpin: true,
      guard: false,
      learning: true,
      flood: true,
      mcast_flood: true,
      bcast_flood: true,
      neigh_suppress: false,
      isolated: true,
    });
  });

  test("a bridge, with counters", () => {
    const bridge = only("ip -s link show br0");
    expect(bridge).toMatchObject({
      index: 2,
      name: "br0",
      mtu: 1300,
      kind: "bridge",
      up: false,
      master: undefined,
    });
    expect(bridge.stats).toMatchObject({ rxPackets: 0n, txErrors: 0n });
    expect(decodeBridge(bridge)).toEqual({ stp: false, vlanFiltering: false, multicastSnooping: true });
    expect(decodeBridgePort(bridge)).toBeUndefined();
  });

  test("loopback has no kind and no master", () => {
    const lo = only("ip link show lo");
    expect(lo).toMatchObject({
      index: 1,
      name: "lo",
      kind: undefined,
      alias: undefined,
      mac: "00:00:00:00:00:00",
    });
  });

  test("unknown attributes are kept and do no harm", () => {
    const known = new Set([4, 10, 13, 16, 18, 23, 27, 33, 37, 5]);
    const unknown = fc.integer({ min: 1, max: 0x3fff }).filter((type) => !known.has(type));
    fc.assert(
      fc.property(fc.array(fc.tuple(unknown, fc.uint8Array({ maxLength: 40 }))), (attrs) => {
        const payload = concat([ifinfomsg(7), ...attrs.map(([type, value]) => bytes(type, value))]);
        const decoded = decodeLink({ type: RTM_NEWLINK, flags: 0, payload });
        expect(decoded.attrs).toEqual(attrs.map(([type, value]) => ({ type, bytes: value })));
        expect(decoded.index).toBe(7);
      }),
      { seed },
    );
  });

  test("a known attribute of the wrong length is an error that names it", () => {
    const payload = concat([ifinfomsg(7), bytes(4, Uint8Array.of(1, 2))]);
    expect(() => decodeLink({ type: RTM_NEWLINK, flags: 0, payload })).toThrow(
      "attribute 4 has 2 bytes, not 4",
    );
  });
});
