import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { elsewhere, everybody, gatewayTo, rowsOf } from "../../../../lib/linux/overlay/rows.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import { vtepMac } from "../../../../lib/model/vtep.ts";
import { overlayPlan } from "../../../plugins/overlay/fixture.ts";

const routed = overlayPlan({ ips: ["10.40.1.7/24", "fd00:40:1::7/64"] }).switch;
const stretched: OverlaySwitch = { ...routed, mode: "stretched", cidrs: [] };

const peer = (number: number, over: Partial<Peer> = {}): Peer => ({
  node: `n${number}`,
  vtep: ip(`192.0.2.${number}`),
  mac: vtepMac(ip(`192.0.2.${number}`)),
  subnets: [],
  endpoints: [],
  ...over,
});
const container = (...addresses: readonly string[]) => ({
  addresses: addresses.map((address) => ip(address)),
  mac: vtepMac(ip(addresses[0] ?? "")),
});

describe("rows of the mode routed", () => {
  it("are three for each peer, and a route for each of its subnets, from this host's address in the network", () => {
    const both = peer(2, { subnets: [prefix("10.40.2.0/24"), prefix("fd00:40:2::/64")] });
    const rows = rowsOf(routed, [both]);
    const gateway = "fe80::c2a:c0ff:fe00:202";
    expect(rows).toEqual({
      forwarding: [{ mac: "0e:2a:c0:00:02:02", vtep: "192.0.2.2" }],
      behind: [],
      neighbours: [{ address: gateway, mac: "0e:2a:c0:00:02:02" }],
      nexthops: [gateway],
      routes: [
        { destination: "10.40.2.0/24", gateway, source: "10.40.1.1" },
        { destination: "fd00:40:2::/64", gateway, source: "fd00:40:1::1" },
        ...routed.cidrs.map((destination) => ({ destination })),
      ],
      vteps: ["192.0.2.2"],
    });
  });

  it("go by the VTEP where all is IPv4, and by a link-local address where anything is not", () => {
    expect(gatewayTo(peer(2, { subnets: [prefix("10.40.2.0/24")] }))).toBe("192.0.2.2");
    expect(gatewayTo(peer(2, { subnets: [prefix("fd00::/64")] }))).toBe("fe80::c2a:c0ff:fe00:202");
    const over6 = peer(2, {
      vtep: ip("2001:db8::2"),
      mac: mac("02:00:00:00:00:02"),
      subnets: [prefix("10.40.2.0/24")],
    });
    expect(gatewayTo(over6)).toBe("fe80::ff:fe00:2");
  });

  it("have the MTU of a peer that takes less, and none of one that takes more", () => {
    const mtuOf = (mtu: number) =>
      rowsOf(routed, [peer(2, { mtu, subnets: [prefix("10.40.2.0/24")] })]).routes[0]?.mtu;
    expect([1449, 1450, 1451].map(mtuOf)).toEqual([1449, undefined, undefined]);
  });

  it("of a peer without subnets are none, but its packets are taken", () => {
    const rows = rowsOf({ ...routed, cidrs: [] }, [peer(2)]);
    expect(rows).toEqual({
      forwarding: [],
      behind: [],
      neighbours: [],
      nexthops: [],
      routes: [],
      vteps: ["192.0.2.2"],
    });
  });

  it("of a peer that the tunnel cannot reach, by its family, are none at all", () => {
    const far = peer(2, { vtep: ip("2001:db8::2"), subnets: [prefix("10.40.2.0/24")] });
    expect(rowsOf({ ...routed, cidrs: [] }, [far]).vteps).toEqual([]);
  });
});

describe("rows of the mode stretched", () => {
  it("are two for each remote container, and a neighbour for each of its addresses", () => {
    const two = peer(2, { endpoints: [container("10.50.0.32", "fd00:50::20")] });
    expect(rowsOf(stretched, [two])).toEqual({
      forwarding: [{ mac: "0e:2a:0a:32:00:20", vtep: "192.0.2.2" }],
      behind: ["0e:2a:0a:32:00:20"],
      neighbours: [
        { address: "10.50.0.32", mac: "0e:2a:0a:32:00:20" },
        { address: "fd00:50::20", mac: "0e:2a:0a:32:00:20" },
      ],
      nexthops: [],
      routes: [],
      vteps: ["192.0.2.2"],
    });
    const only4 = rowsOf({ ...stretched, forwarding: [4] }, [two]);
    expect(only4.neighbours.map(({ address }) => address)).toEqual(["10.50.0.32"]);
  });

  it("have one more for each peer where frames to all go to every host", () => {
    const flooding = { ...stretched, tunnel: { ...stretched.tunnel, flood: true } } as const;
    expect(rowsOf(flooding, [peer(2), peer(3)]).forwarding).toEqual([
      { mac: everybody, vtep: "192.0.2.2" },
      { mac: everybody, vtep: "192.0.2.3" },
    ]);
  });

  it("are none for containers that are here, and for the gateway, whatever a directory says", () => {
    const all = [container("10.50.0.32"), container("10.50.0.33"), container("10.40.1.1")];
    const [left] = elsewhere(stretched, { peers: [peer(2, { endpoints: all })], own: [ip("10.50.0.33")] });
    expect(left?.endpoints).toEqual([container("10.50.0.32")]);
  });
});
