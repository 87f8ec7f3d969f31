import { describe, expect, it } from "vitest";
import { type Desired, desired } from "../../../lib/directory/desired.ts";
import type { Stored } from "../../../lib/directory/state.ts";
import { block, blue, endpoint, local, network, node, stateOf } from "./some-directory.ts";

const one = node("n1", "192.0.2.1", 10);
const two = node("n2", "192.0.2.2", 20);
const at = (last: number, ...more: readonly string[]) => ({
  ips: [`10.40.0.${last}`, ...more],
  mac: `02:00:00:00:01:${last.toString(16).padStart(2, "0")}`,
});

function want(...kvs: readonly Stored[]): Desired {
  const found = desired(stateOf(network({ mode: "stretched" }), ...kvs), local, [
    { ...blue, mode: "stretched" },
  ]);
  return found.get("blue") ?? { peers: [], complaints: [] };
}
const where = ({ peers }: Desired) =>
  Object.fromEntries(
    peers.map(({ node, endpoints }) => [node, endpoints.flatMap(({ addresses }) => addresses)]),
  );
const codes = ({ complaints }: Desired) => complaints.map(({ code, about }) => `${code} ${about}`);

describe("the peers of a stretched network", () => {
  it("have the containers of their nodes, and no subnets", () => {
    const found = want(
      one,
      block("10.40.0.0/26", "n1", 11),
      endpoint("n1", "c1", at(7, "fd00:40::7"), 12),
      endpoint("n1", "c2", at(8), 13),
      endpoint("n0", "c3", at(9), 14),
    );
    expect(found).toEqual({
      peers: [
        {
          node: "host-n1",
          vtep: "192.0.2.1",
          mac: "0e:2a:c0:00:02:01",
          mtu: 1450,
          subnets: [],
          endpoints: [
            { addresses: ["10.40.0.7", "fd00:40::7"], mac: "02:00:00:00:01:07" },
            { addresses: ["10.40.0.8"], mac: "02:00:00:00:01:08" },
          ],
        },
      ],
      complaints: [],
    });
  });

  it("have those among them that have a block and no container yet", () => {
    expect(where(want(one, two, block("10.40.0.0/26", "n1", 11)))).toEqual({ "host-n1": [] });
  });

  it("have an address where it was said to be last: it moved", () => {
    const before = [one, two, endpoint("n1", "c1", at(7), 12)];
    expect(where(want(...before))).toEqual({ "host-n1": ["10.40.0.7"] });
    const found = want(...before, endpoint("n2", "c2", { ...at(7), mac: "02:00:00:00:01:99" }, 13));
    expect(where(found)).toEqual({ "host-n1": [], "host-n2": ["10.40.0.7"] });
    expect(codes(found)).toEqual(["endpoint-address-taken /p/v1/endpoints/blue/n1/c1.eth0"]);
    // Written again, it moves back.
    const again = { ...endpoint("n1", "c1", at(7), 12), modRevision: "14" };
    expect(where(want(...before.slice(0, 2), again, endpoint("n2", "c2", at(7), 13)))).toEqual({
      "host-n1": ["10.40.0.7"],
      "host-n2": [],
    });
  });

  it("lose an address to this host, and this host to them", () => {
    const ours = endpoint("n0", "c0", { ...at(7), mac: "02:00:00:00:01:99" }, 13);
    expect(where(want(one, endpoint("n1", "c1", at(7, "10.40.0.8"), 12), ours))).toEqual({
      "host-n1": ["10.40.0.8"],
    });
    expect(where(want(one, endpoint("n1", "c1", at(7), 14), ours))).toEqual({ "host-n1": ["10.40.0.7"] });
  });

  it("have a MAC where it was said to be last", () => {
    const found = want(
      one,
      two,
      endpoint("n1", "c1", { ...at(7), mac: "02:00:00:00:01:99" }, 12),
      endpoint("n2", "c2", { ...at(8), mac: "02:00:00:00:01:99" }, 13),
    );
    expect(where(found)).toEqual({ "host-n1": [], "host-n2": ["10.40.0.8"] });
    expect(codes(found)).toEqual(["endpoint-mac-taken /p/v1/endpoints/blue/n1/c1.eth0"]);
  });

  it.each([
    ["the gateway's address", { ...at(1) }],
    ["the gateway's MAC", { ...at(7), mac: blue.mac }],
    ["this host's tunnel MAC", { ...at(7), mac: local.mac }],
    ["a tunnel's MAC", { ...at(7), mac: "0e:2a:c0:00:02:02" }],
  ])("have no container with %s", (_, what) => {
    const found = want(one, two, endpoint("n1", "c1", what, 12));
    expect(where(found)).toEqual({ "host-n1": [] });
    expect(codes(found)).toEqual(["endpoint-of-gateway /p/v1/endpoints/blue/n1/c1.eth0"]);
  });

  it("have no address that is not the network's", () => {
    const found = want(one, endpoint("n1", "c1", at(7, "10.41.0.7"), 12));
    expect(where(found)).toEqual({ "host-n1": ["10.40.0.7"] });
    expect(codes(found)).toEqual(["endpoint-outside /p/v1/endpoints/blue/n1/c1.eth0"]);
  });

  it("lose nothing to nodes that are left out, or are not known", () => {
    const found = want(
      one,
      node("n2", "192.0.2.1", 20),
      endpoint("n1", "c1", at(7), 12),
      endpoint("n2", "c2", at(7), 13),
      endpoint("n9", "c3", at(7), 14),
    );
    expect(where(found)).toEqual({ "host-n1": ["10.40.0.7"] });
    expect(codes(found)).toEqual(["node-unknown n9", "node-vtep-taken /p/v1/nodes/n2"]);
  });

  it("may have their tunnels in any network: nothing is routed", () => {
    const inside = node("n2", "10.40.0.9", 40);
    expect(
      where(want(one, inside, block("10.40.0.0/26", "n1", 11), block("10.40.1.0/26", "n2", 12))),
    ).toEqual({
      "host-n1": [],
      "host-n2": [],
    });
  });
});
