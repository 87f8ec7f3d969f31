import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { createBridge } from "../../../../lib/netlink/route/bridge.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { createVxlan, decodeVxlan, setVxlanLocal } from "../../../../lib/netlink/route/vxlan.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const vxlan = golden("route/vxlan.txt");
const IFINFOMSG = 16;
const over4 = {
  name: "vt0",
  vni: 4097,
  local: ip("192.0.2.1"),
  udpPort: 4789,
  mtu: 1450,
  mac: mac("02:00:00:00:00:05"),
  master: 2,
  group: 77,
  up: true,
};
const over6 = {
  name: "vt6",
  vni: 4098,
  local: ip("fd00::1"),
  udpPort: 8472,
  mtu: 1430,
  mac: mac("02:00:00:00:00:06"),
};

test.each([
  [
    "ip link add vt0 mtu 1450 address 02:00:00:00:00:05 master br0 group 77 up type vxlan id 4097 local 192.0.2.1 dstport 4789 nolearning udpcsum df inherit",
    createVxlan(over4),
  ],
  [
    "ip link add vt6 mtu 1430 address 02:00:00:00:00:06 type vxlan id 4098 local fd00::1 dstport 8472 nolearning udpcsum noudp6zerocsumtx noudp6zerocsumrx df inherit",
    createVxlan(over6),
  ],
  [
    "ip link add vt8 type vxlan dev vx8 id 4100 local 192.0.2.1 dstport 4789 nolearning udpcsum df unset",
    createVxlan({
      name: "vt8",
      vni: 4100,
      local: ip("192.0.2.1"),
      udpPort: 4789,
      lower: 3,
      df: "unset",
    }),
  ],
  ["ip link set vt0 type vxlan local 192.0.2.9", setVxlanLocal(5, ip("192.0.2.9"))],
  ["ip link set vt6 type vxlan local fd00::9", setVxlanLocal(6, ip("fd00::9"))],
] as const)("%s is sent as ip sends it", (command, request) => {
  expectGolden(request, vxlan(command), IFINFOMSG);
});

test("titles are the words of ip", () => {
  expect(createVxlan({ ...over4, lower: 3 }).title).toBe(
    "link add vt0 mtu 1450 address 02:00:00:00:00:05 master index 2 group 77 up type vxlan id 4097 local 192.0.2.1 dev index 3 dstport 4789 nolearning df inherit",
  );
  expect(setVxlanLocal("vt6", ip("fd00::9")).title).toBe("link set vt6 type vxlan local fd00::9");
});

describe("a VXLAN as the kernel tells of it", () => {
  const linkOf = (command: string) =>
    decodeLink(vxlan(command).replies[0] ?? expect.fail(`no reply to ${command}`));

  test("over IPv4, as the port of a bridge", () => {
    const link = linkOf("ip -d link show vt0");
    expect(link).toMatchObject({ index: 5, name: "vt0", kind: "vxlan", master: 2, mtu: 1450, group: 77 });
    expect(decodeVxlan(link)).toEqual({
      vni: 4097,
      local: "192.0.2.1",
      udpPort: 4789,
      learning: false,
      df: "inherit",
      lower: undefined,
    });
  });

  test("over IPv6", () => {
    expect(decodeVxlan(linkOf("ip -d link show vt6"))).toEqual({
      vni: 4098,
      local: "fd00::1",
      udpPort: 8472,
      learning: false,
      df: "inherit",
      lower: undefined,
    });
  });

  test("is what was asked for", () => {
    const { type, flags, payload } = createVxlan({ ...over6, df: "set", lower: 3 });
    expect(decodeVxlan(decodeLink({ type, flags, payload }))).toEqual({
      vni: 4098,
      local: "fd00::1",
      udpPort: 8472,
      learning: false,
      df: "set",
      lower: 3,
    });
  });

  test("is none of another kind", () => {
    const { type, flags, payload } = createBridge({ name: "br0" });
    expect(decodeVxlan(decodeLink({ type, flags, payload }))).toBeUndefined();
  });
});
