import { describe, expect, it } from "vitest";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { HostFacts, UplinkFacts } from "../../../lib/model/facts.ts";
import { followPeers, overlaySwitch } from "../../../plugins/overlay/network.ts";
import { refusal } from "../../lib/hcn/fixture.ts";
import { least, overlayConfig, underlayHost } from "./fixture.ts";

const host = (over: Partial<UplinkFacts>): HostFacts => ({
  ...underlayHost,
  uplink: { name: "eth0", mtu: 1500, addresses: [prefix("192.0.2.1/24"), prefix("2001:db8::1/64")], ...over },
});
const at = (raw: JsonObject, facts: HostFacts = underlayHost) =>
  overlaySwitch("blue", overlayConfig({ ...least, ...raw }), facts);
const withPeers = (...peers: readonly JsonObject[]): JsonObject => ({ directory: { type: "static", peers } });
const over6 = withPeers({ vtep: "2001:db8::2", subnets: ["10.40.2.0/24"] });

describe("the MTU of an overlay network", () => {
  it.each<[string, JsonObject, number, number]>([
    ["the uplink's less 50 over IPv4", {}, 1500, 1450],
    ["the uplink's less 70 over IPv6", over6, 1500, 1430],
    ["the uplink's less 50, however long that is", {}, 9000, 8950],
    ["as configured", { mtu: 1400 }, 1500, 1400],
    ["as configured, 0 being automatic", { mtu: 0 }, 1500, 1450],
    [
      "that of the uplink in mode routed, though a peer takes less",
      withPeers({ vtep: "192.0.2.2", mtu: 1350 }),
      1500,
      1450,
    ],
    [
      "that of the shortest in mode stretched",
      {
        mode: "stretched",
        ...withPeers(
          { vtep: "192.0.2.2", mtu: 1350 },
          { vtep: "192.0.2.3", mtu: 1300 },
          { vtep: "192.0.2.4" },
        ),
      },
      1500,
      1300,
    ],
  ])("is %s", (_, raw, mtu, wanted) => {
    expect(at(raw, host({ mtu })).mtu).toBe(wanted);
  });

  it.each<[string, JsonObject, string]>([
    [
      "the uplink carries over IPv4",
      { mtu: 1451 },
      "mtu 1451: the uplink eth0 carries 1500, less 50 for VXLAN over IPv4",
    ],
    [
      "the uplink carries over IPv6",
      { ...over6, mtu: 1431 },
      "mtu 1431: the uplink eth0 carries 1500, less 70 for VXLAN over IPv6",
    ],
    [
      "a peer takes in mode stretched",
      { mode: "stretched", mtu: 1400, ...withPeers({ node: "two", vtep: "192.0.2.2", mtu: 1350 }) },
      "mtu 1400: peer two takes 1350",
    ],
  ])("is not more than %s", (_, raw, message) => {
    expect(refusal(() => at(raw))).toMatchObject({ code: 7, reason: "mtu-too-large", message });
  });
});

describe("the tunnel of an overlay network", () => {
  it.each<[string, JsonObject, HostFacts, string]>([
    ["an uplink", { uplink: "eth1" }, underlayHost, "network blue has no uplink: eth1 does not exist"],
    [
      "a default route where no uplink is named",
      {},
      { prefixes: [], connected: [] },
      "network blue has no uplink: the host has no default route to take it from",
    ],
    [
      "an address on the uplink",
      {},
      host({ addresses: [] }),
      "network blue: its uplink eth0 does not have an IPv4 address for the tunnel",
    ],
    [
      "an address of the peers' family",
      over6,
      host({ addresses: [prefix("192.0.2.1/24")] }),
      "network blue: its uplink eth0 does not have an IPv6 address for the tunnel",
    ],
    [
      "the address that is named",
      { vtep: "192.0.2.9" },
      underlayHost,
      "network blue: its uplink eth0 does not have 192.0.2.9 for the tunnel",
    ],
  ])("needs %s", (_, raw, facts, message) => {
    expect(refusal(() => at(raw, facts))).toMatchObject({ code: 106, message });
  });

  it("takes the first address of the peers' family, IPv4 where there are no peers, or the one that is named", () => {
    const facts = host({
      addresses: ["2001:db8::7/64", "192.0.2.7/24", "192.0.2.8/24"].map((text) => prefix(text)),
    });
    expect(at({}, facts).tunnel.vtep).toBe("192.0.2.7");
    expect(at(withPeers(), facts).tunnel.vtep).toBe("192.0.2.7");
    expect(at(over6, facts).tunnel.vtep).toBe("2001:db8::7");
    expect(at({ vtep: "192.0.2.8" }, facts).tunnel).toMatchObject({
      vtep: "192.0.2.8",
      mac: "0e:2a:c0:00:02:08",
    });
    expect(at({ vtepMac: "02:00:00:00:00:07" }, facts).tunnel.mac).toBe("02:00:00:00:00:07");
  });
});

describe("the addresses of an overlay network on all hosts", () => {
  const second = { vtep: "192.0.2.2", subnets: ["10.40.2.0/24"] };
  const third = { vtep: "192.0.2.3", subnets: ["10.40.3.0/24", "fd00:40:3::/64"] };

  it("are those that are named, and what is known besides", () => {
    expect(at({}).cidrs).toEqual(["10.40.1.0/24", "10.40.2.0/24"]);
    const named = { cidrs: ["10.40.0.0/16"], ...withPeers(second, third) };
    expect(at(named).cidrs).toEqual(["10.40.0.0/16", "fd00:40:3::/64"]);
  });

  it("grow with its peers, and stay while it is in use: what was of it leaves by no other way", () => {
    const follow = (known: ReturnType<typeof at>, ...peers: readonly JsonObject[]) =>
      followPeers(known, overlayConfig({ ...least, ...withPeers(...peers) }));
    const grown = follow(at({}), second, third);
    expect(grown.cidrs).toEqual(["10.40.1.0/24", "10.40.2.0/24", "10.40.3.0/24", "fd00:40:3::/64"]);
    const shrunk = follow(grown, third);
    expect(new Set(shrunk.cidrs)).toEqual(new Set(grown.cidrs));
    // Not for ever the same text in another order: that would be written down with each ADD.
    expect(follow(shrunk, third)).toEqual(shrunk);
    expect({ ...shrunk, cidrs: [] }).toEqual({ ...at({}), cidrs: [] });
  });
});
