import { describe, expect, it } from "vitest";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { followPeers, overlaySettings, overlaySwitch } from "../../../plugins/overlay/network.ts";
import { overlay } from "../../../plugins/overlay/plugin.ts";
import { refusal as refusalOf } from "../../lib/hcn/fixture.ts";
import { ipamResult } from "../nat/fixture.ts";
import { least, overlayConfig, peer, underlayHost } from "./fixture.ts";

const refusal = (raw: JsonObject) => refusalOf(() => overlayConfig(raw));
const peers = (...list: readonly JsonObject[]): JsonObject => ({
  directory: { type: "static", peers: list },
});

describe("the configuration of an overlay network", () => {
  it.each<[string, JsonObject, string]>([
    ["a number", { vni: undefined }, "vni: expected the network's number, 4096 to 65535"],
    ["a number that Windows hosts can have", { vni: 4095 }, "vni: expected 4096 to 65535"],
    ["a number that Windows hosts can have", { vni: 65_536 }, "vni: expected 4096 to 65535"],
    ["a directory", { directory: undefined }, "directory: expected"],
    ["an address for vtep", { vtep: "eth0" }, "vtep: expected an address of this host"],
    ["a MAC of one NIC for vtepMac", { vtepMac: "ff:ff:ff:ff:ff:ff" }, "vtepMac: expected a unicast MAC"],
    [
      "peers of the family of vtep",
      { vtep: "2001:db8::1" },
      "directory.peers: expected addresses of one family",
    ],
    ["peers of one family", peers(peer, { vtep: "2001:db8::3" }), "directory.peers: expected one underlay"],
    ["prefixes for subnets", { subnet: "10.40.1.0" }, "subnet: expected a prefix"],
    ["prefixes for subnets", { subnet: undefined, subnets: [5] }, "subnets[0]: expected a prefix"],
    ["stretched beside flood", { flood: true }, 'flood: expected "mode": "stretched" beside it'],
    [
      "the subnets that the ipam has",
      { ipam: { subnet: "10.40.9.0/24" } },
      "subnets: expected those of the ipam",
    ],
    [
      "subnets of its own",
      peers({ vtep: "192.0.2.2", subnets: ["10.40.1.0/24"] }),
      "apart from this host's 10.40.1.0/24",
    ],
    [
      "subnets of its own, none of whose parts is a peer's",
      peers({ vtep: "192.0.2.2", subnets: ["10.40.1.64/26"] }),
      "apart from",
    ],
    ["one peer for a subnet", peers(peer, { ...peer, vtep: "192.0.2.3" }), "one peer with 10.40.2.0/24"],
    [
      "blocks with room for a gateway",
      { cidrs: ["10.40.0.0/16"], blockBits: 31 },
      "blockBits: expected 30 at most",
    ],
  ])("needs %s", (_, more, text) => {
    const { code, message, details = "" } = refusal({ ...least, ...more });
    expect(code).toBe(7);
    expect(`${message} ${details}`).toContain(text);
  });

  it("takes any number where it need not be strict", () => {
    for (const vni of [1, 4095, 65_536, 0xff_ffff])
      expect(overlayConfig({ ...least, vni, strict: false }).vni).toBe(vni);
  });

  it("takes a peer with a wider prefix than its own subnet: the longer one counts", () => {
    expect(overlayConfig({ ...least, ...peers({ vtep: "192.0.2.2", subnets: ["10.40.0.0/16"] }) }).vni).toBe(
      4097,
    );
  });

  it("knows the subnets that the ipam alone names", () => {
    const { subnet: _, ...rest } = least;
    expect(overlayConfig({ ...rest, ipam: { subnet: "10.40.1.0/24", rangeStart: "10.40.1.9" } })).toEqual(
      overlayConfig(least),
    );
    expect(
      overlayConfig({
        ...rest,
        ipam: { ranges: [[{ subnet: "10.40.1.0/24" }], [{ subnet: "fd00:1::/64" }]] },
      }).subnets,
    ).toEqual(["10.40.1.0/24", "fd00:1::/64"]);
  });

  it("has blocks of 64 addresses, and of the length that it names in the family which has it", () => {
    const bits = (blockBits?: number, ...cidrs: string[]) =>
      overlayConfig({ ...least, cidrs, ...(blockBits && { blockBits }) }).blockBits;
    expect(bits()).toEqual({ 4: 26, 6: 122 });
    expect(bits(24, "10.40.0.0/16")).toEqual({ 4: 24, 6: 122 });
    expect(bits(112, "fd00:40::/48")).toEqual({ 4: 26, 6: 112 });
  });

  it("asks for UDP port 4789, and beside flannel for flannel's", () => {
    const endpoints = ["http://192.0.2.9:2379"];
    expect(overlayConfig(least).udpPort).toBe(4789);
    const flannel = { vni: 4097, directory: { type: "flannel", endpoints } };
    expect(overlayConfig({ ...flannel, cidrs: ["10.244.0.0/16"] }).udpPort).toBe(8472);
    expect(overlayConfig({ vni: 4097, directory: "flannel", cidrs: ["10.244.0.0/16"] })).toMatchObject({
      udpPort: 8472,
      directory: { type: "flannel", endpoints: ["http://127.0.0.1:2379"], prefix: "/coreos.com/network" },
    });
    for (const word of ["etcd", "static", "Flannel ", ""])
      expect(() => overlayConfig({ ...flannel, directory: word })).toThrow("directory: expected");
    expect(() => overlayConfig(flannel)).toThrow("cidrs: expected the network's addresses on all hosts");
  });
});

describe("a directory in a word", () => {
  const rest = { cidrs: ["10.244.0.0/16"], ipam: { type: "ipam" } };

  it("gives the ipam its store, as the object that it stands for does", () => {
    const spelled = { type: "flannel", endpoints: ["http://127.0.0.1:2379"] };
    const wanted = { store: "flannel", endpoints: spelled.endpoints, cidrs: rest.cidrs, blockBits: 24 };
    expect(overlay.nativeIpam({ ...rest, directory: "flannel" })).toMatchObject(wanted);
    expect(overlay.nativeIpam({ ...rest, directory: "flannel" })).toEqual(
      overlay.nativeIpam({ ...rest, directory: spelled }),
    );
  });
});

describe("an overlay network on a host", () => {
  const at = (raw: JsonObject) => overlaySwitch("blue", overlayConfig({ ...least, ...raw }), underlayHost);

  it("has its tunnel at the address of the uplink that its peers' family says", () => {
    expect(at({}).tunnel).toMatchObject({ vtep: "192.0.2.1", mac: "0e:2a:c0:00:02:01" });
    expect(at(peers({ vtep: "2001:db8::2", subnets: ["10.40.2.0/24"] })).tunnel.vtep).toBe("2001:db8::1");
  });

  it("is no peer of itself: the other host's file was copied as it is", () => {
    const error = refusalOf(() => at(peers({ vtep: "192.0.2.1", subnets: ["10.40.2.0/24"] })));
    expect(error).toMatchObject({ code: 7, reason: "peer-is-this-host" });
    const later = overlayConfig({ ...least, ...peers({ vtep: "192.0.2.1", subnets: ["10.40.2.0/24"] }) });
    expect(refusalOf(() => followPeers(at({}), later))).toMatchObject({ reason: "peer-is-this-host" });
  });

  it("gives containers the MAC that follows from their address and the network's prefix", () => {
    const macOf = (raw: JsonObject, ...ips: string[]) => {
      const config = overlayConfig({ ...least, ...raw });
      const owner = { network: "blue", containerId: "c1", ifname: "eth0" };
      const input = {
        owner,
        path: "/run/netns/c1",
        config,
        switch: at(raw),
        ipam: ipamResult(ips),
        defaultRoutes: [],
        dns: {},
      };
      return overlay.plan(input).vnic.mac;
    };
    expect(macOf({}, "fd00:40:1::7/64", "10.40.1.7/24")).toBe("0e:2a:0a:28:01:07");
    expect(macOf({ endpointMacPrefix: "02-1C" }, "10.40.1.7/24")).toBe("02:1c:0a:28:01:07");
  });

  it("is another one where containers have MACs of another prefix", () => {
    expect(overlaySettings(overlayConfig(least))).not.toHaveProperty("endpointMacPrefix");
    const of = (endpointMacPrefix: string) =>
      overlaySettings(overlayConfig({ ...least, endpointMacPrefix })).endpointMacPrefix;
    expect(of("02-1C")).not.toBe(of("02-1D"));
  });

  it("knows all subnets that its configuration names as its own", () => {
    expect(at({}).cidrs).toEqual([prefix("10.40.1.0/24"), prefix("10.40.2.0/24")]);
  });
});
