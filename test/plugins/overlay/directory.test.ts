import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { Peer } from "../../../lib/model/peer.ts";
import { refusal } from "../../lib/hcn/fixture.ts";
import { least, overlayConfig } from "./fixture.ts";

const stretched = { ...least, mode: "stretched", subnet: "10.50.0.0/24" };

function peersOf(base: JsonObject, ...peers: readonly JsonObject[]): readonly Peer[] {
  const { directory } = overlayConfig({ ...base, directory: { type: "static", peers } });
  return directory.type === "static" ? directory.peers : [];
}

const endpointsOf = (...endpoints: readonly unknown[]) =>
  peersOf(stretched, { vtep: "192.0.2.2", endpoints })[0]?.endpoints.map(({ mac, addresses }) =>
    [mac, ...addresses].join(" "),
  );

describe("a peer in the configuration", () => {
  it("is known by its address, from which its MAC follows", () => {
    const [one, two] = peersOf(
      least,
      { vtep: "192.0.2.2", subnets: ["10.40.2.0/24"] },
      { vtep: "192.0.2.3" },
    );
    expect(one).toEqual({
      node: "192.0.2.2",
      vtep: "192.0.2.2",
      mac: "0e:2a:c0:00:02:02",
      subnets: ["10.40.2.0/24"],
      endpoints: [],
    });
    expect(two?.subnets).toEqual([]);
  });

  it("may have a name, a MAC and an MTU of its own", () => {
    const said = { node: "two", vtep: "2001:db8::2", mac: "02-00-00-00-00-02", mtu: 1400 };
    expect(peersOf(least, said)[0]).toMatchObject({ node: "two", mac: "02:00:00:00:00:02", mtu: 1400 });
  });

  it("has containers by single addresses, by ranges, and by ranges of both families", () => {
    expect(endpointsOf("10.50.0.32", "10.50.0.36/31")).toEqual([
      "0e:2a:0a:32:00:20 10.50.0.32",
      "0e:2a:0a:32:00:24 10.50.0.36",
      "0e:2a:0a:32:00:25 10.50.0.37",
    ]);
    const pairs = ["0e:2a:0a:32:00:20 10.50.0.32 fd00:50::20", "0e:2a:0a:32:00:21 10.50.0.33 fd00:50::21"];
    expect(endpointsOf(["10.50.0.32/31", "fd00:50::20/127"])).toEqual(pairs);
    // The order says nothing: the MAC is that of the IPv4 address.
    expect(endpointsOf(["fd00:50::20/127", "10.50.0.32/31"])).toEqual(pairs);
    expect(endpointsOf(["10.50.0.32"])).toEqual(["0e:2a:0a:32:00:20 10.50.0.32"]);
  });

  it("has containers with MACs of the network's prefix", () => {
    const base = { ...stretched, endpointMacPrefix: "02-1C" };
    const [peer] = peersOf(base, { vtep: "192.0.2.2", endpoints: [["fd00:50::20", "10.50.0.32"]] });
    expect(peer?.endpoints.map(({ mac }) => mac)).toEqual(["02:1c:0a:32:00:20"]);
  });

  it.each<[string, JsonObject, string]>([
    ["an address", { vtep: "host2" }, "directory.peers[0].vtep: expected an address on the underlay"],
    [
      "a MAC of one NIC",
      { vtep: "192.0.2.2", mac: "01:00:5e:00:00:01" },
      "directory.peers[0].mac: expected a unicast MAC",
    ],
    ["prefixes", { vtep: "192.0.2.2", subnets: ["10.40.2.0/33"] }, "directory.peers[0].subnets"],
    [
      "an MTU that IPv4 can live with",
      { vtep: "192.0.2.2", mtu: 67 },
      "directory.peers[0].mtu: expected an integer from 68 to 65535",
    ],
    [
      "no containers in mode routed",
      { vtep: "192.0.2.2", endpoints: ["10.40.2.1"] },
      "directory.peers[0].endpoints: expected nothing in mode routed",
    ],
  ])("needs %s", (_, peer, text) => {
    const error = refusal(() => peersOf(least, peer));
    expect(error).toMatchObject({ code: 7 });
    expect(`${error.message} ${error.details ?? ""}`).toContain(text);
  });

  it.each<[string, readonly unknown[], string]>([
    ["addresses", ["host"], "directory.peers[0].endpoints[0]"],
    ["not too many", ["10.50.0.0/19"], "endpoints[0]: expected ranges of 4096 addresses at most"],
    [
      "not too many of IPv6",
      ["10.50.0.1", "fd00:50::/64"],
      "endpoints[1]: expected ranges of 4096 addresses at most",
    ],
    [
      "as many of one family as of the other",
      [["10.50.0.0/28", "fd00:50::/125"]],
      "endpoints[0]: expected as many IPv6 addresses as 10.50.0.0/28 has",
    ],
    [
      "one of each family",
      [["10.50.0.0/28", "10.50.0.16/28"]],
      "endpoints[0]: expected as many IPv6 addresses",
    ],
    ["two families at most", [["10.50.0.1", "fd00:50::1", "fd00:50::2"]], "endpoints[0]"],
    ["something", [[]], "endpoints[0]"],
  ])("has as its containers %s", (_, endpoints, text) => {
    const error = refusal(() => endpointsOf(...endpoints));
    expect(error).toMatchObject({ code: 7 });
    expect(`${error.message} ${error.details ?? ""}`).toContain(text);
  });

  it("has no subnets in mode stretched", () => {
    const error = refusal(() => peersOf(stretched, { vtep: "192.0.2.2", subnets: ["10.50.0.32/28"] }));
    expect(error.message).toContain("directory.peers[0].subnets: expected nothing in mode stretched");
  });

  it.each([
    ["vtep", [{ vtep: "192.0.2.2" }, { vtep: "192.0.2.2" }]],
    ["mac", [{ vtep: "192.0.2.2" }, { vtep: "192.0.2.3", mac: "0e:2a:c0:00:02:02" }]],
  ])("is there once: the same %s twice is refused", (what, peers) => {
    expect(refusal(() => peersOf(least, ...peers)).message).toContain(`one peer with ${what}`);
  });
});
