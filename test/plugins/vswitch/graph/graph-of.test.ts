import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../../plugins/vswitch/graph/graph.ts";
import { graphOf, onlyNetworks } from "../../../../plugins/vswitch/graph/graph-of.ts";
import { kinds } from "../../../../plugins/vswitch/graph/kinds.ts";
import { formatSvg } from "../../../../plugins/vswitch/graph/svg/format-svg.ts";
import { usual } from "../../../lib/model/path/story.ts";
import { seed } from "../../../lib/seed.ts";
import { lanGuest } from "../guest/fixture.ts";
import { example, examples } from "./examples.ts";
import { crowd, endpoint, network, scene } from "./scenes.ts";

const texts = (graph: Graph, id: string): readonly string[] => {
  const node = graph.nodes.find((one) => one.id === id || one.name === id);
  return [...(node?.lines ?? []), ...(node?.marks ?? [])].map(({ text }) => text);
};
const edge = (graph: Graph, kind: string) =>
  graph.edges.filter((one) => one.kind === kind).map(({ from, to, label }) => [from, to, label ?? ""]);

describe("a graph", () => {
  test.each(Object.keys(examples))("of %s has an id for each node and ends for each edge", (name) => {
    const { nodes, edges } = graphOf(example(name));
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    expect(edges.filter(({ from, to }) => !ids.has(from) || !ids.has(to))).toEqual([]);
    expect(nodes.filter(({ parent }) => parent !== undefined && !ids.has(parent))).toEqual([]);
    expect(nodes.filter(({ kind }) => !(kind in kinds))).toEqual([]);
  });

  test("is the same in whatever order networks and attachments are given", () => {
    const { networks, endpoints, host } = example("three networks");
    const graph = graphOf({ networks, endpoints, host });
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...networks], { minLength: networks.length }),
        fc.shuffledSubarray([...endpoints], { minLength: endpoints.length }),
        (mixed, others) => {
          expect(graphOf({ networks: mixed, endpoints: others, host })).toEqual(graph);
        },
      ),
      { seed, numRuns: 30 },
    );
  });

  test("leads by the tunnel of an overlay network to its other hosts, and the tunnel by its uplink", () => {
    const graph = graphOf(example("an overlay network of two hosts"));
    expect(edge(graph, "tunnels")).toEqual([["tunnel vsx-blue", "peer blue 192.0.2.2", ""]]);
    expect(edge(graph, "carries")).toEqual([["interface eth0", "tunnel vsx-blue", ""]]);
    expect(edge(graph, "routes").map(([, to]) => to)).toEqual([
      "switch vsw-blue",
      "switch vsw-nat",
      "tunnel vsx-blue",
    ]);
    expect(texts(graph, "host-2")).toEqual([
      "VTEP 192.0.2.2",
      "10.40.2.0/24",
      "fd00:40:2::/64",
      "0e:2a:c0:00:02:02",
    ]);
    expect(graph.nodes.filter(({ name }) => name === "vsx-blue")).toHaveLength(1);
  });

  test("names of many hosts a few, those that are not reached first", () => {
    const graph = graphOf(example("an overlay network of 51 hosts"));
    const hosts = graph.nodes.filter(({ kind }) => kind === "peer").map(({ name }) => name);
    expect(hosts).toEqual(["host-7", "host-2", "host-3", "host-4", "and 46 more"]);
    expect(texts(graph, "host-7")).toContain("no route there");
  });

  test("marks what is wrong with a tunnel", () => {
    const amiss = texts(graphOf(example("an overlay network of 51 hosts")), "vsx-blue");
    expect(amiss).toContain("MTU of eth0: 1400");
    expect(amiss).toContain("nobody follows the directory");
    const gone = graphOf(example("an overlay network without its tunnel"));
    expect(texts(gone, "vsx-blue")).toContain("there is no interface vsx-blue");
    expect(texts(gone, "host-2")).toContain("rows of its containers missing");
    expect(edge(gone, "plugged")).toContainEqual(["switch vsw-blue", "tunnel vsx-blue", ""]);
  });

  test("binds an external switch to its uplink, with vNICs and the host's adapter on it and no ports", () => {
    const graph = graphOf(example("nat and transparent networks"));
    expect(edge(graph, "uplink")).toEqual([
      ["interface eth1", "switch eth1.30 of far", "VLAN 30"],
      ["interface eth0", "switch eth0.20 of cameras", "VLAN 20"],
      ["interface eth0", "switch eth0 of guests", ""],
      ["interface eth0", "switch eth0 of home", ""],
    ]);
    expect(edge(graph, "routes").map(([, to]) => to)).toEqual(["switch vsw-nat"]);
    const plugged = edge(graph, "plugged").filter(([from]) => from === "switch eth0 of home");
    expect(plugged).toEqual([
      ["switch eth0 of home", "hostAdapter vsh-home", ""],
      ["switch eth0 of home", expect.stringMatching(/^vnic /), ""],
    ]);
    expect(graph.nodes.filter(({ kind }) => kind === "port")).toHaveLength(2);
    expect(texts(graph, "switch eth1.30 of far")).toContain("eth1 has no carrier");
    // What is drawn as a switch is no interface of the host beside it.
    const names = graph.nodes.filter(({ kind }) => kind === "interface").map(({ name }) => name);
    expect(names).toEqual(["eth0", "eth1"]);
  });

  test("shows attachments as their addresses count up, not as digits are sorted", () => {
    const net = network("nat", { gateways: ["10.61.0.1/24"] });
    const { nodes } = graphOf(scene([net], crowd(net, 12).toReversed()));
    const addresses = nodes.filter(({ kind }) => kind === "vnic").map(({ lines }) => lines[0]?.text);
    expect(addresses).toEqual(Array.from({ length: 12 }, (_, i) => `10.61.0.${i + 2}/24`));
  });

  test("has one compartment for a container on two networks, with an adapter for each", () => {
    const graph = graphOf(example("three networks"));
    const inside = graph.nodes.filter(({ parent }) => parent === "compartment /run/netns/cni-2f1b");
    expect(inside.map(({ name }) => name)).toEqual(["net1", "eth0"]);
  });

  test("draws a port that is published for both families once, and says it when it is for one alone", () => {
    const net = network("nat");
    const addresses = ["10.61.0.2", "fd00:61::2"];
    const both = endpoint(net, { containerId: "a", addresses, publish: ["80:8080/tcp"] });
    const [, mapping] = both.port.policies;
    const one = { ...both, port: { ...both.port, policies: mapping === undefined ? [] : [mapping] } };
    const doors = (plan: typeof both) =>
      graphOf(scene([net], [plan]))
        .nodes.filter(({ kind }) => kind === "hostPort")
        .map(({ name }) => name);
    expect(doors(both)).toEqual(["tcp 80"]);
    expect(doors(one)).toEqual(["tcp 80 IPv4"]);
  });

  test("says of a port which policies it bears, and that a guard is missing", () => {
    const graph = graphOf(example("three containers"));
    const marks = graph.nodes.filter(({ kind }) => kind === "port").map((port) => port.marks);
    expect(marks.map((list) => list.map(({ text }) => text))).toEqual([
      ["guard", "3 ACL, else block in, allow out", "↑ 10 Mbit/s ↓ 20 Mbit/s"],
      ["no guard"],
      ["guard", "NAT as 192.0.2.9"],
    ]);
    expect(marks[0]?.[1]?.explanation).toContain("ACL 200 Block Out protocol 6");
  });

  test("says which networks may reach which, and draws an arrow for each", () => {
    const graph = graphOf(example("three networks"));
    expect(edge(graph, "reaches")).toEqual([
      ["switch vsw-nat", "switch vsw-backend", ""],
      ["switch vsw-backend", "switch vsw-storage", ""],
      ["switch vsw-nat", "switch vsw-storage", ""],
    ]);
    expect(texts(graph, "nat")).toContain("from other networks: not reachable");
    expect(texts(graph, "backend")).toEqual(
      expect.arrayContaining([
        "from other networks: only nat",
        "its containers cannot reach each other",
        "to outside: masquerade, except to 10.0.0.0/8, 192.168.0.0/16",
      ]),
    );
    expect(texts(graphOf(example("three containers")), "nat").join()).not.toContain("other networks");
  });

  test("warns of what is likely to be in the way", () => {
    expect(texts(graphOf(example("three networks")), "host")).toContain("ip filter FORWARD drops by default");
    const off = { ...example("three containers").host, forwarding: { 4: true, 6: false } };
    expect(texts(graphOf({ ...example("three containers"), host: off }), "host")).toContain(
      "IPv6 forwarding is off",
    );
    expect(texts(graphOf(example("a host without a network")), "outside")).toEqual(["no default route"]);
  });

  test("shows the uplinks first, then other hardware, then what leads to something else on the host", () => {
    const { nodes, edges } = graphOf(example("three networks"));
    const border = nodes.filter(({ kind }) => kind === "interface").map(({ name }) => name);
    expect(border).toEqual(["eth0", "eth1", "docker0"]);
    const out = edges.filter(({ from }) => from === "outside").map(({ to }) => to);
    expect(out).toEqual(["interface eth0", "interface eth1"]);
  });

  test("shows an attachment whose network is not defined any more", () => {
    const net = network("gone");
    const { nodes } = graphOf(scene([], [endpoint(net, { containerId: "a", addresses: ["10.61.0.2"] })]));
    expect(nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(["gone", "a"]));
  });

  test("of some networks leaves out the others with all that is on them", () => {
    const { nodes } = graphOf(onlyNetworks(example("three networks"), ["backend"]));
    const names = (kind: string) => nodes.filter((node) => node.kind === kind).map(({ name }) => name);
    expect([names("switch"), names("vnic"), names("hostPort")]).toEqual([["backend"], ["net1"], []]);
  });
});

describe("a graph of virtual machines", () => {
  const { scene: built, endpoints } = usual({
    web: { vm: { name: "tap0" } },
    db: { vm: { attach: "switch", name: "vm-tap" } },
  });
  const interfaces = built.host.interfaces.map((one) =>
    one.name === "vm-tap" ? { ...one, carrier: false as const } : one,
  );
  const graph = graphOf({ ...built, host: { ...built.host, interfaces } });

  test("has the tap between port and guest, and the addresses as the guest's", () => {
    const { key, port } = endpoints.web;
    expect(texts(graph, `vnic ${key}`).slice(0, 2)).toEqual(["virtual machine at tap tap0", "10.1.0.2/24"]);
    expect(texts(graph, `tap ${key}`)).toEqual(["tap", "joined to eth0"]);
    expect(edge(graph, "cable")).toContainEqual([`port ${port.name}`, `tap ${key}`, ""]);
    expect(edge(graph, "cable")).toContainEqual([`tap ${key}`, `vnic ${key}`, ""]);
    expect(texts(graph, `vnic ${endpoints.db.key}`)[0]).toBe("virtual machine, tap vm-tap is the port");
    expect(edge(graph, "cable")).toContainEqual(["port vm-tap", `vnic ${endpoints.db.key}`, ""]);
  });

  test("draws guests below their ports, wherever their taps are", () => {
    const svg = formatSvg(graph);
    for (const text of ["virtual machine at tap tap0", "virtual machine, tap vm-tap is the port", "no guest"])
      expect(svg).toContain(`>${text}<`);
  });

  test("hangs a guest of the LAN on the switch by its tap", () => {
    const self = lanGuest({ ips: [] });
    const wire = graphOf({ ...built, endpoints: [...built.endpoints, self] });
    expect(edge(wire, "plugged")).toContainEqual(["switch eth0 of lan", `tap ${self.key}`, ""]);
    expect(formatSvg(wire)).toContain(">its addresses are its own<");
  });

  test("marks a tap that nobody has open", () => {
    expect(texts(graph, "port vm-tap")).toContain("no guest");
    expect(texts(graph, `port ${endpoints.web.port.name}`)).not.toContain("no guest");
  });
});
