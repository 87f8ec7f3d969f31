import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import {
  type FlannelState,
  flannelKey,
  flannelLayout,
  flannelLeasesOf,
  flannelPeers,
  flannelSubnets,
} from "../../../lib/directory/flannel.ts";
import { type FlannelConfig, parseFlannelConfig } from "../../../lib/directory/flannel-config.ts";
import {
  formatFlannelLease,
  parseFlannelLease,
  parseFlannelSubnets,
} from "../../../lib/directory/flannel-lease.ts";
import { judgeListing } from "../../../lib/directory/judge-listing.ts";
import { applyEvents, listedState, type Stored } from "../../../lib/directory/state.ts";
import { blue, local } from "./some-directory.ts";

const root = "/coreos.com/network";
const layout = flannelLayout(root);
const kv = (key: string, value: string | object, revision: number, modRevision = revision): Stored => ({
  key: `${root}/${key}`,
  value: typeof value === "string" ? value : JSON.stringify(value),
  createRevision: String(revision),
  modRevision: String(modRevision),
});
const config = (more: object = {}, backend: object = {}) =>
  kv(
    "config",
    { Network: "10.40.0.0/16", Backend: { Type: "vxlan", VNI: 4097, Port: 4789, ...backend }, ...more },
    1,
  );
/** As flannel of v0.28 writes it. */
const lease = (subnet: string, publicIp: string, vtepMac: string, revision: number, modRevision = revision) =>
  kv(
    `subnets/${subnet}`,
    `{"PublicIP":"${publicIp}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":4097,"VtepMAC":"${vtepMac}"}}`,
    revision,
    modRevision,
  );
const stateOf = (...kvs: readonly Stored[]): FlannelState => listedState(layout, { kvs, revision: "100" });
const peers = (...kvs: readonly Stored[]) => flannelPeers(stateOf(...kvs), local, { ...blue, cidrs: [] });
const codes = ({ complaints }: ReturnType<typeof peers>) =>
  complaints.map(({ code, about }) => `${code} ${about.slice(root.length + 1)}`);

describe("a lease of flannel's", () => {
  it.each([
    ["10.5.52.0-24", { 4: "10.5.52.0/24" }],
    ["10.5.52.0-24&fd00:5:52::-64", { 4: "10.5.52.0/24", 6: "fd00:5:52::/64" }],
    ["0.0.0.0-0&fd00:5:52::-64", { 6: "fd00:5:52::/64" }],
  ])("has the key %s", (name, subnets) => {
    expect(parseFlannelSubnets(name)).toEqual(subnets);
    expect(flannelKey(root, subnets as never)).toBe(`${root}/subnets/${name}`);
  });

  it.each([
    "",
    "10.5.52.0",
    "10.5.52.0/24",
    "fd00::-64",
    "10.5.52.0-24&",
    "10.5.52.0-24&10.5.53.0-24",
    "a&b&c",
  ])("has no key %j", (name) => expect(parseFlannelSubnets(name)).toHaveProperty("garbage"));

  it("is written as flannel writes it, byte for byte", () => {
    const four = { vtep: ip("192.168.64.3"), mac: mac("c6:d2:32:6f:8f:44"), vni: 1 };
    const six = { vtep: ip("fd00::3"), mac: mac("c6:d2:32:6f:8f:45"), vni: 65_537 };
    expect(formatFlannelLease({ tunnels: { 4: four } })).toBe(
      '{"PublicIP":"192.168.64.3","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}',
    );
    const both = formatFlannelLease({ tunnels: { 4: four, 6: six } });
    expect(both).toBe(
      '{"PublicIP":"192.168.64.3","PublicIPv6":"fd00::3","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"},"BackendV6Data":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:45"}}',
    );
    expect(parseFlannelLease({}, both)).toEqual({
      subnets: {},
      backend: "vxlan",
      tunnels: { 4: four, 6: { ...six, vni: 1 } },
    });
  });

  it.each([
    "{",
    "null",
    '{"BackendType":"vxlan"}',
    '{"PublicIP":"x","BackendType":"vxlan","BackendData":{"VtepMAC":"c6:d2:32:6f:8f:44"}}',
    '{"PublicIP":"192.0.2.1","BackendType":"vxlan","BackendData":{"VtepMAC":"nothing"}}',
    '{"PublicIP":"192.0.2.1","BackendType":"vxlan","BackendData":{"VtepMAC":"01:00:5e:00:00:01"}}',
    '{"PublicIP":"192.0.2.1","BackendType":"vxlan","BackendData":{"VNI":"1","VtepMAC":"c6:d2:32:6f:8f:44"}}',
    '{"PublicIP":"192.0.2.1","BackendType":"vxlan","BackendData":"c6:d2:32:6f:8f:44"}',
    '{"PublicIP":7,"BackendType":"vxlan"}',
  ])("is garbage when its value is %s", (text) => {
    const parsed = parseFlannelLease({}, text);
    expect(parsed).toHaveProperty("garbage.0");
  });
});

describe("the peers of a flannel network", () => {
  it("are its other hosts with their subnets", () => {
    expect(
      peers(
        config(),
        lease("10.40.1.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 2),
        lease("10.40.9.0-24", "192.0.2.100", local.mac, 3),
      ),
    ).toEqual({
      peers: [
        {
          node: "192.0.2.1",
          vtep: "192.0.2.1",
          mac: "c6:d2:00:00:00:01",
          subnets: ["10.40.1.0/24"],
          endpoints: [],
        },
      ],
      complaints: [],
    });
  });

  it("take what flannel's MTU leaves of a packet", () => {
    const found = peers(
      config({}, { MTU: 1400 }),
      lease("10.40.1.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 2),
    );
    expect(found.peers[0]?.mtu).toBe(1350);
  });

  it("may have several subnets; those of a tunnel that is no more are not routed", () => {
    const found = peers(
      config(),
      lease("10.40.1.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 2, 9),
      lease("10.40.2.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 3),
      lease("10.40.3.0-24", "192.0.2.1", "c6:d2:00:00:00:33", 4, 8),
    );
    expect(found.peers.map(({ mac, subnets }) => [mac, subnets])).toEqual([
      ["c6:d2:00:00:00:01", ["10.40.1.0/24", "10.40.2.0/24"]],
    ]);
    expect(codes(found)).toEqual(["flannel-old-lease subnets/10.40.3.0-24"]);
  });

  it("keep to the rules of any directory", () => {
    const found = peers(
      config(),
      lease("10.40.1.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 2),
      lease("10.40.2.0-24", "192.0.2.2", "c6:d2:00:00:00:01", 3),
      lease("10.40.1.128-25", "192.0.2.3", "c6:d2:00:00:00:03", 4),
      lease("10.44.0.0-24", "192.0.2.4", "c6:d2:00:00:00:04", 5),
      lease("10.40.9.0-24", "192.0.2.100", "c6:d2:00:00:00:05", 6),
    );
    expect(found.peers.map(({ node }) => node)).toEqual(["192.0.2.1"]);
    expect(codes(found)).toEqual([
      "block-outside subnets/10.44.0.0-24",
      "block-taken subnets/10.40.1.128-25",
      "node-mac-taken subnets/10.40.2.0-24",
      "own-record-differs subnets/10.40.9.0-24",
    ]);
  });

  it("have one that was there first, where two keys have one subnet", () => {
    const both = (six: string, publicIp: string, last: number) =>
      lease(`10.40.1.0-24&fd00:${six}::-64`, publicIp, `c6:d2:00:00:00:0${last}`, last);
    const found = peers(config(), both("1", "192.0.2.1", 3), both("2", "192.0.2.2", 2));
    expect(found.peers.map(({ node }) => node)).toEqual(["192.0.2.2"]);
    expect(codes(found)).toEqual(["block-taken subnets/10.40.1.0-24&fd00:1::-64"]);
  });

  it("go by the family of this host's tunnel", () => {
    const value = {
      PublicIP: "192.0.2.1",
      PublicIPv6: "2001:db8::1",
      BackendType: "vxlan",
      BackendData: { VNI: 4097, VtepMAC: "c6:d2:00:00:00:01" },
      BackendV6Data: { VNI: 4097, VtepMAC: "c6:d2:00:00:00:06" },
    };
    const all = [
      config({ EnableIPv6: true, IPv6Network: "fd00:40::/48" }),
      kv("subnets/10.40.1.0-24&fd00:40:0:1::-64", value, 2),
      lease("10.40.2.0-24", "192.0.2.2", "c6:d2:00:00:00:02", 3),
    ];
    const four = peers(...all);
    expect(four.peers.map(({ mac, subnets }) => [mac, subnets])).toEqual([
      ["c6:d2:00:00:00:01", ["10.40.1.0/24"]],
      ["c6:d2:00:00:00:02", ["10.40.2.0/24"]],
    ]);
    expect(codes(four)).toEqual(["flannel-no-tunnel config"]);
    const six = flannelPeers(stateOf(...all), { ...local, vtep: ip("2001:db8::100"), connected: [] }, blue);
    expect(six.peers.map(({ vtep, mac, subnets }) => [vtep, mac, subnets])).toEqual([
      ["2001:db8::1", "c6:d2:00:00:00:06", ["fd00:40:0:1::/64"]],
    ]);
    expect(codes(six)).toEqual(["flannel-no-tunnel config", "flannel-no-tunnel subnets/10.40.2.0-24"]);
  });

  it("do not have hosts of another backend or VNI among them", () => {
    const found = peers(
      config(),
      kv("subnets/10.40.1.0-24", { PublicIP: "192.0.2.1", BackendType: "host-gw", BackendData: null }, 2),
      kv(
        "subnets/10.40.2.0-24",
        {
          PublicIP: "192.0.2.2",
          BackendType: "vxlan",
          BackendData: { VNI: 1, VtepMAC: "c6:d2:00:00:00:02" },
        },
        3,
      ),
    );
    expect(found.peers).toEqual([]);
    expect(codes(found)).toEqual([
      "flannel-backend subnets/10.40.1.0-24",
      "flannel-vni subnets/10.40.2.0-24",
    ]);
  });

  it("are of a large VNI by its lower 16 bits, as flannel writes it", () => {
    const large = flannelPeers(
      stateOf(config({}, { VNI: 69_633 }), lease("10.40.1.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 2)),
      local,
      { ...blue, vni: 65_536 + 4097 },
    );
    expect([large.peers.length, large.complaints]).toEqual([1, []]);
  });

  it("are named what stands in the way of flannel's settings", () => {
    const found = peers(config({}, { DirectRouting: true, GBP: true, VNI: 1, Port: 0 }));
    expect(codes(found)).toEqual([
      "flannel-direct-routing config",
      "flannel-gbp config",
      "network-differs config",
    ]);
    expect(codes(peers(config({}, { Type: "wireguard" })))).toEqual(["flannel-backend config"]);
  });

  it("stay when flannel's config is gone: what this host's own says counts", () => {
    const found = flannelPeers(
      stateOf(lease("10.40.1.0-24", "192.0.2.1", "c6:d2:00:00:00:01", 2)),
      local,
      blue,
    );
    expect(found.peers).toHaveLength(1);
    expect(found.complaints.map(({ code }) => code)).toEqual(["network-absent"]);
  });
});

describe("the state of a flannel directory", () => {
  const full = stateOf(
    config(),
    ...[1, 2, 3, 4, 5].map((n) => lease(`10.40.${n}.0-24`, `192.0.2.${n}`, `c6:d2:00:00:00:0${n}`, n + 1)),
  );

  it("keeps what a key said when its new value is garbage", () => {
    const { tables, faults } = applyEvents(layout, full, [
      { kind: "put", kv: kv("config", "{", 1, 101) },
      { kind: "put", kv: kv("subnets/10.40.1.0-24", "[]", 2, 101) },
      { kind: "put", kv: kv("subnets/nothing", "{}", 101) },
    ]);
    expect([tables, faults.size]).toEqual([full.tables, 3]);
  });

  it("is guarded against a listing that lost much", () => {
    const { state, doubt } = judgeListing(layout, full, { kvs: [config()], revision: "101" });
    expect([state.tables.subnets.size, doubt?.complaints.map(({ code }) => code)]).toEqual([
      5,
      ["listing-shrank"],
    ]);
  });

  it("says what this host has leased, the newest first", () => {
    const two = stateOf(
      lease("10.40.1.0-24", "192.0.2.100", "c6:d2:00:00:00:01", 2),
      lease("10.40.2.0-24", "192.0.2.100", "c6:d2:00:00:00:01", 3, 10),
    );
    expect(flannelLeasesOf(two, local.vtep).map(({ key }) => key.slice(root.length))).toEqual([
      "/subnets/10.40.2.0-24",
      "/subnets/10.40.1.0-24",
    ]);
    expect(flannelLeasesOf(two, ip("192.0.2.7"))).toEqual([]);
  });
});

describe("subnets to lease", () => {
  const parsed = parseFlannelConfig(
    '{"Network":"10.5.0.0/20","EnableIPv6":true,"IPv6Network":"fd00:5::/60","SubnetMax":"10.5.14.0"}',
  ) as FlannelConfig;
  const all = (family: 4 | 6, taken: readonly string[] = []) =>
    [...flannelSubnets(parsed, family, taken.map(prefix), "x")] as readonly string[];

  it("are those that flannel would take: neither the first, nor beyond its last", () => {
    const numbers = Array.from({ length: 14 }, (_, i) => `10.5.${i + 1}.0/24`);
    expect(all(4).toSorted()).toEqual(numbers.toSorted());
    expect(all(4)[0]).not.toBe("10.5.1.0/24");
    expect(all(6)).toHaveLength(15);
    expect(all(6)).not.toContain("fd00:5::/64");
  });

  it("are not those that somebody has", () => {
    expect(all(4, ["10.5.0.0/21", "10.5.8.0/23", "10.5.10.0/24"]).toSorted()).toEqual([
      "10.5.11.0/24",
      "10.5.12.0/24",
      "10.5.13.0/24",
      "10.5.14.0/24",
    ]);
  });

  it("are none of a family that the network does not have", () => {
    const { 4: four } = parsed.pools;
    expect([...flannelSubnets({ ...parsed, pools: { ...(four && { 4: four }) } }, 6, [], "x")]).toEqual([]);
  });
});
