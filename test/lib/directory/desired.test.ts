import { describe, expect, it } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { Complaint } from "../../../lib/directory/complaint.ts";
import { type Desired, desired } from "../../../lib/directory/desired.ts";
import type { LocalNetwork } from "../../../lib/directory/known.ts";
import type { Stored } from "../../../lib/directory/state.ts";
import { block, blue, local, network, node, stateOf, stored } from "./some-directory.ts";

const one = node("n1", "192.0.2.1", 10);
const two = node("n2", "192.0.2.2", 20);

function want(kvs: readonly Stored[], more: Partial<LocalNetwork> = {}): Desired {
  const found = desired(stateOf(network(), ...kvs), local, [{ ...blue, ...more }]);
  return found.get("blue") ?? { peers: [], complaints: [] };
}
const routes = ({ peers }: Desired) => Object.fromEntries(peers.map(({ node, subnets }) => [node, subnets]));
const codes = ({ complaints }: Desired) => complaints.map(({ code, about }) => `${code} ${about}`);
const said = (complaints: readonly Complaint[], code: string) =>
  complaints.find((complaint) => complaint.code === code)?.text;

describe("the peers of a host", () => {
  it("are the other nodes with their blocks", () => {
    const found = want([
      node("n0", "192.0.2.100", 5),
      two,
      { ...node("n1", "192.0.2.1", 10, { mtu: 1400 }) },
      block("10.40.0.0/26", "n0", 11),
      block("10.40.2.0/26", "n2", 12),
      block("10.40.1.64/26", "n1", 13),
      block("10.40.1.0/26", "n1", 14),
      block("fd00:40::40/122", "n1", 15),
    ]);
    expect(found).toEqual({
      peers: [
        {
          node: "host-n1",
          vtep: "192.0.2.1",
          mac: "0e:2a:c0:00:02:01",
          subnets: ["10.40.1.0/26", "10.40.1.64/26", "fd00:40::40/122"],
          endpoints: [],
          mtu: 1400,
        },
        {
          node: "host-n2",
          vtep: "192.0.2.2",
          mac: "0e:2a:c0:00:02:02",
          subnets: ["10.40.2.0/26"],
          endpoints: [],
          mtu: 1450,
        },
      ],
      complaints: [],
    });
  });

  it("have single addresses of a reserved block, each with the node that it is claimed for, and not the block", () => {
    const found = want([
      one,
      two,
      block("10.40.1.0/26", "n1", 11),
      stored("blocks/blue/10.40.9.0-26", { v: 1, epoch: 0, reserved: true }, 12),
      stored("ips/blue/10.40.9.7", { v: 1, node: "n1", container: "c1", ifname: "eth0" }, 13),
      stored("ips/blue/10.40.9.8", { v: 1, node: "n2", container: "c2", ifname: "eth0" }, 14),
      stored("ips/blue/10.40.8.8", { v: 1, node: "n2", container: "c3", ifname: "eth0" }, 15),
      stored("ips/blue/10.40.9.9", { v: 1, node: "n0", container: "c4", ifname: "eth0" }, 16),
    ]);
    expect([routes(found), codes(found)]).toEqual([
      { "host-n1": ["10.40.1.0/26", "10.40.9.7/32"], "host-n2": ["10.40.9.8/32"] },
      [],
    ]);
  });

  it("are none of the nodes without a tunnel, whose blocks are of other kinds of network", () => {
    const bare = stored("nodes/n3", { v: 1, uid: "n3", name: "host-n3", epoch: 0, platform: "linux" }, 5);
    const found = want([bare, one, block("10.40.1.0/26", "n1", 11), block("10.40.2.0/26", "n3", 12)]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.1.0/26"] });
  });

  it("do not have those among them that have nothing in the network", () => {
    const found = want([one, two, block("10.40.1.0/26", "n1", 11), block("10.50.0.0/26", "n2", 12, "red")]);
    expect([routes(found), codes(found)]).toEqual([{ "host-n1": ["10.40.1.0/26"] }, []]);
  });

  it("are found for each network of the host", () => {
    const red = stored("networks/red", { v: 1, vni: 5000, mode: "routed", cidrs: ["10.50.0.0/16"] }, 1);
    const found = desired(
      stateOf(
        network(),
        red,
        one,
        two,
        block("10.40.1.0/26", "n1", 11),
        block("10.50.1.0/26", "n2", 12, "red"),
      ),
      local,
      [blue, { ...blue, network: "red", vni: 5000 }],
    );
    expect([...found].map(([name, { peers }]) => [name, peers.map((peer) => peer.node)])).toEqual([
      ["blue", ["host-n1"]],
      ["red", ["host-n2"]],
    ]);
  });

  it("stay though they give no sign of life", () => {
    expect(want([one, block("10.40.1.0/26", "n1", 11)]).peers).toHaveLength(1);
  });

  it("are the same in whatever order the directory became known", () => {
    const all = [
      one,
      two,
      node("n3", "192.0.2.1", 30),
      block("10.40.1.0/26", "n1", 11),
      block("10.40.1.0/25", "n2", 9),
    ];
    expect(want([...all].reverse())).toEqual(want(all));
  });
});

describe("a node", () => {
  const blocks = [block("10.40.1.0/26", "n1", 11), block("10.40.2.0/26", "n2", 12)];

  it.each([
    ["this host's tunnel address", "node-vtep-ours", node("n1", "192.0.2.100", 1)],
    ["this host's MAC", "node-mac-ours", node("n1", "192.0.2.1", 1, { mac: local.mac })],
  ])("that announces %s is left out, however old it is", (_, code, impostor) => {
    const found = want([impostor, two, ...blocks]);
    expect(routes(found)).toEqual({ "host-n2": ["10.40.2.0/26"] });
    expect(codes(found)).toEqual([`${code} /p/v1/nodes/n1`]);
    // It is named though it has nothing in the network.
    expect(codes(want([impostor]))).toEqual([`${code} /p/v1/nodes/n1`]);
  });

  it.each([
    ["tunnel address", "node-vtep-taken", { vtep: "192.0.2.1" }],
    ["MAC", "node-mac-taken", { mac: "0e:2a:c0:00:02:01" }],
  ])("that announces another's %s is left out when it is the younger", (_, code, same) => {
    const younger = node("n2", "192.0.2.2", 20, { mac: mac("0e:2a:c0:00:02:02"), ...(same as object) });
    const found = want([one, younger, ...blocks]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.1.0/26"] });
    expect(codes(found)).toEqual([`${code} /p/v1/nodes/n2`]);
    expect(said(found.complaints, code)).toContain("host-n1 (/p/v1/nodes/n1), which was there first");
    const older = { ...younger, createRevision: "9" };
    expect(routes(want([one, older, ...blocks]))).toEqual({ "host-n2": ["10.40.2.0/26"] });
  });

  it("that is left out takes nothing from others by what it announces", () => {
    const third = node("n3", "192.0.2.1", 30, { mac: mac("02:00:00:00:00:33") });
    const fourth = node("n4", "192.0.2.4", 40, { mac: mac("02:00:00:00:00:33") });
    const found = want([
      one,
      third,
      fourth,
      block("10.40.4.0/26", "n4", 13),
      block("10.40.3.0/26", "n3", 14),
    ]);
    expect(routes(found)).toEqual({ "host-n4": ["10.40.4.0/26"] });
  });

  it("of a name that another has is a peer with its uid behind it", () => {
    const found = want([one, node("n2", "192.0.2.2", 20, { name: "host-n1" }), ...blocks]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.1.0/26"], "host-n1 (n2)": ["10.40.2.0/26"] });
    expect(codes(found)).toEqual(["node-name-taken /p/v1/nodes/n2"]);
  });

  it("of this host's name is a peer with its uid behind it", () => {
    const found = want([node("n1", "192.0.2.1", 10, { name: "host-n0" }), ...blocks.slice(0, 1)]);
    expect(routes(found)).toEqual({ "host-n0 (n1)": ["10.40.1.0/26"] });
    expect(said(found.complaints, "node-name-taken")).toContain("as this host is");
  });

  it("with another UDP port is left out", () => {
    const found = want([node("n1", "192.0.2.1", 10, { udpPort: 8472 }), two, ...blocks]);
    expect(routes(found)).toEqual({ "host-n2": ["10.40.2.0/26"] });
    expect(codes(found)).toEqual(["node-udp-port /p/v1/nodes/n1"]);
  });

  it("with a tunnel address of the other family is left out", () => {
    const found = want([node("n1", "2001:db8::1", 10), two, ...blocks]);
    expect(routes(found)).toEqual({ "host-n2": ["10.40.2.0/26"] });
    expect(codes(found)).toEqual(["node-vtep-family /p/v1/nodes/n1"]);
  });

  it("that has this host's uid and is not this host is named", () => {
    const found = want([node("n0", "192.0.2.55", 5, { name: "copy" })]);
    expect(codes(found)).toEqual(["own-record-differs /p/v1/nodes/n0"]);
    expect(said(found.complaints, "own-record-differs")).toContain("copy at 192.0.2.55");
  });
});

describe("a block", () => {
  const reasons = (...kvs: readonly Stored[]) => codes(want([one, two, ...kvs]));

  it("outside of the network is not routed", () => {
    const found = want([one, block("10.40.1.0/26", "n1", 11), block("10.41.0.0/26", "n1", 12)]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.1.0/26"] });
    expect(codes(found)).toEqual(["block-outside /p/v1/blocks/blue/10.41.0.0-26"]);
    expect(reasons(block("10.0.0.0/8", "n1", 11))).toEqual(["block-outside /p/v1/blocks/blue/10.0.0.0-8"]);
  });

  it("within what the directory says of the network is routed, though this host knows less of it", () => {
    expect(want([one, block("fd00:40::/122", "n1", 11)]).peers).toHaveLength(1);
  });

  it("that overlaps an older one of another node is not routed", () => {
    const found = want([
      one,
      two,
      block("10.40.1.0/26", "n1", 12),
      block("10.40.1.0/24", "n2", 11),
      block("10.40.3.0/26", "n1", 13),
    ]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.3.0/26"], "host-n2": ["10.40.1.0/24"] });
    expect(codes(found)).toEqual(["block-taken /p/v1/blocks/blue/10.40.1.0-26"]);
  });

  it("is its owner's though the owner cannot be reached: nobody else's are routed", () => {
    const found = want([
      node("n1", "192.0.2.100", 10),
      two,
      block("10.40.1.0/24", "n1", 11),
      block("10.40.1.0/26", "n2", 12),
    ]);
    expect(found.peers).toEqual([]);
  });

  it.each([
    ["by the directory", [block("10.40.1.0/24", "n0", 99)], []],
    ["by what it does", [], [prefix("10.40.1.0/26")]],
  ])("that overlaps one of this host's is not routed: %s", (_, kvs, blocks) => {
    const found = want([one, node("n0", "192.0.2.100", 90), block("10.40.1.0/26", "n1", 11), ...kvs], {
      blocks,
    });
    expect(found.peers).toEqual([]);
    expect(codes(found)).toEqual(["block-ours /p/v1/blocks/blue/10.40.1.0-26"]);
  });

  it("that holds this host's tunnel address, or a network of it, is not routed", () => {
    const wide = { ...local, connected: [prefix("10.40.2.128/25"), prefix("192.0.2.0/24")] };
    const found = desired(
      stateOf(
        network({ cidrs: ["0.0.0.0/0"] }),
        one,
        block("192.0.2.64/26", "n1", 11),
        block("192.0.2.0/26", "n1", 12),
        block("10.40.2.0/24", "n1", 13),
        block("10.40.2.192/26", "n1", 14),
        block("10.40.2.0/26", "n1", 15),
      ),
      wide,
      [blue],
    ).get("blue");
    expect(found?.peers.map(({ subnets }) => subnets)).toEqual([["10.40.2.0/26"]]);
    expect(found && codes(found)).toEqual([
      "block-covers-host /p/v1/blocks/blue/10.40.2.0-24",
      "block-covers-host /p/v1/blocks/blue/10.40.2.192-26",
      "block-covers-host /p/v1/blocks/blue/192.0.2.0-26",
      "block-covers-vtep /p/v1/blocks/blue/192.0.2.64-26",
      "network-covers-vtep blue",
    ]);
  });

  it("that holds the tunnel address of an older node is not routed", () => {
    const far = node("n2", "10.40.2.9", 20);
    const found = want([one, far, block("10.40.2.0/26", "n1", 30), block("10.40.3.0/26", "n2", 31)]);
    expect(routes(found)).toEqual({ "host-n2": ["10.40.3.0/26"] });
    expect(codes(found)).toEqual(["block-covers-vtep /p/v1/blocks/blue/10.40.2.0-26"]);
  });

  it("stays when a younger node has its tunnel address in it: that node is left out", () => {
    const far = node("n2", "10.40.2.9", 40);
    const found = want([one, far, block("10.40.2.0/26", "n1", 30), block("10.40.3.0/26", "n2", 41)]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.2.0/26"] });
    expect(codes(found)).toEqual(["node-vtep-covered /p/v1/nodes/n2"]);
    // In no network is such a node reached.
    const blocks = [prefix("10.40.2.0/26")];
    expect(want([far, block("10.40.3.0/26", "n2", 41)], { blocks }).peers).toEqual([]);
  });

  it("that holds its own node's tunnel address is not routed", () => {
    const found = want([
      node("n2", "10.40.2.9", 40),
      block("10.40.2.0/26", "n2", 30),
      block("10.40.3.0/26", "n2", 41),
    ]);
    expect(routes(found)).toEqual({ "host-n2": ["10.40.3.0/26"] });
    expect(codes(found)).toEqual(["block-covers-vtep /p/v1/blocks/blue/10.40.2.0-26"]);
  });

  it("of nobody that is known is named", () => {
    expect(reasons(block("10.40.1.0/26", "n7", 11))).toEqual(["node-unknown /p/v1/blocks/blue/10.40.1.0-26"]);
  });

  it("of another epoch than its node's is routed, and named", () => {
    const found = want([node("n1", "192.0.2.1", 10, { epoch: 2 }), block("10.40.1.0/26", "n1", 11)]);
    expect(routes(found)).toEqual({ "host-n1": ["10.40.1.0/26"] });
    expect(codes(found)).toEqual(["block-epoch /p/v1/blocks/blue/10.40.1.0-26"]);
  });
});

describe("a network", () => {
  const plain = [one, block("10.40.1.0/26", "n1", 11)];

  it("that the directory does not have goes by what this host says of it", () => {
    const found = desired(stateOf(...plain), local, [blue]).get("blue");
    expect(found?.peers).toHaveLength(1);
    expect(found && codes(found)).toEqual(["network-absent blue"]);
  });

  it("that is another in the directory is named, and its peers stay", () => {
    const found = want(plain, { vni: 5000, mac: mac("02:00:00:00:00:09") });
    expect(found.peers).toHaveLength(1);
    expect(said(found.complaints, "network-differs")).toContain("vni 4097 there, 5000 here");
    const record = network({ gatewayMac: "02:00:00:00:00:aa" });
    const other = desired(stateOf(record, ...plain), local, [blue]).get("blue");
    expect(said(other?.complaints ?? [], "network-differs")).toContain(
      "the gateway's MAC 02:00:00:00:00:aa there",
    );
  });

  it("whose VNI is another's is named", () => {
    const found = want([...plain, stored("vnis/4097", { v: 1, network: "red" }, 1)]);
    expect(codes(found)).toEqual(["network-vni-taken /p/v1/vnis/4097"]);
    expect(codes(want([...plain, stored("vnis/4097", { v: 1, network: "blue" }, 1)]))).toEqual([]);
  });

  it("that overlaps what this host is connected to is named", () => {
    const found = desired(stateOf(network(), ...plain), { ...local, connected: [prefix("10.40.200.0/24")] }, [
      blue,
    ]);
    expect(codes(found.get("blue") as Desired)).toEqual(["network-covers-host blue"]);
  });
});
