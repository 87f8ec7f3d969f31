import { describe, expect, it } from "vitest";
import { ip } from "../../../../../lib/addr/ip.ts";
import { prefix } from "../../../../../lib/addr/prefix.ts";
import type { HostFacts } from "../../../../../lib/model/facts.ts";
import type { OverlaySwitch } from "../../../../../lib/model/switch.ts";
import { vtepMac } from "../../../../../lib/model/vtep.ts";
import type { OverlayNetwork } from "../../../../../plugins/vswitch/agent/directory/local-of.ts";
import { underlayOf } from "../../../../../plugins/vswitch/agent/directory/underlay.ts";
import { alignTunnels } from "../../../../../plugins/vswitch/agent/directory/view.ts";

const tunnelOf = (vtep: string, mac = vtepMac(ip(vtep))) => ({ uplink: "eth0", vtep: ip(vtep), mac });
const vswitch = { network: "blue", mtu: 1450, tunnel: tunnelOf("192.0.2.1") } as OverlaySwitch;
const uplink = (mtu: number, ...addresses: readonly string[]) => ({
  ...{ name: "eth0", mtu },
  addresses: addresses.map((text) => prefix(text)),
});
const seen = (found: ReturnType<typeof underlayOf>) => [
  found.vtep,
  found.mtu,
  ...found.complaints.map(({ code }) => code),
];

describe("a tunnel whose uplink is not what it was", () => {
  it.each([
    ["stays at its address", false, uplink(1500, "192.0.2.9/24", "192.0.2.1/24"), ["192.0.2.1", 1450]],
    [
      "goes where the host is now",
      false,
      uplink(1500, "2001:db8::1/64", "192.0.2.9/24"),
      ["192.0.2.9", 1450],
    ],
    [
      "stays where it was told to be",
      true,
      uplink(1500, "192.0.2.9/24"),
      ["192.0.2.1", 1450, "vtep-missing"],
    ],
    [
      "never goes to the other family",
      false,
      uplink(1500, "2001:db8::1/64"),
      ["192.0.2.1", 1450, "vtep-missing"],
    ],
    ["carries less than it did", false, uplink(1400, "192.0.2.1/24"), ["192.0.2.1", 1350, "uplink-mtu"]],
    ["has no uplink", false, undefined, ["192.0.2.1", 1450, "uplink-missing"]],
  ])("%s", (_, named, facts, expected) => {
    expect(seen(underlayOf(vswitch, named, facts))).toEqual(expected);
  });
});

describe("networks of one directory", () => {
  const network = (name: string, tunnel: ReturnType<typeof tunnelOf>, root = "/a"): OverlayNetwork => {
    const access = { type: "etcd", endpoints: ["http://e"], prefix: root } as const;
    const spec = {
      switch: { tunnel } as OverlaySwitch,
      settings: {},
      directory: { access, blockBits: { 4: 26, 6: 122 } },
    };
    return { name, mtu: 1450, host: {} as HostFacts, spec } as OverlayNetwork;
  };
  const macs = (...networks: readonly OverlayNetwork[]) =>
    alignTunnels(networks).map(({ name, spec }) => `${name} ${spec.switch.tunnel.mac}`);
  const older = vtepMac(ip("192.0.2.7"));
  const own = vtepMac(ip("192.0.2.1"));

  it("have the MAC that other hosts know, though it is of an older address", () => {
    expect(
      macs(network("blue", tunnelOf("192.0.2.1")), network("red", tunnelOf("192.0.2.1", older))),
    ).toEqual([`blue ${older}`, `red ${older}`]);
  });

  it("do not take that of another directory's", () => {
    expect(
      macs(network("blue", tunnelOf("192.0.2.1")), network("red", tunnelOf("192.0.2.1", older), "/b")),
    ).toEqual([`blue ${own}`, `red ${older}`]);
  });
});
