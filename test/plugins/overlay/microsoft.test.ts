import { describe, expect, it } from "vitest";
import type { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { overlay } from "../../../plugins/overlay/plugin.ts";
import { refusal as refusalOf } from "../../lib/hcn/fixture.ts";
import { endpoint, least, network, overlayConfig, peer, route } from "./fixture.ts";

const refusal = (raw: JsonObject): CniError => refusalOf(() => overlayConfig(raw));
const everything = ({ message, details = "" }: CniError): string => `${message} ${details}`;
const own = overlayConfig(least);

/** As an operator has it who has filled in Microsoft's template. */
const sdnoverlay = {
  cniVersion: "1.0.0",
  name: "blue",
  type: "sdnoverlay",
  ipam: { subnet: "10.40.1.0/24", routes: [{ GW: "10.40.1.1" }] },
  AdditionalArgs: [network("VSID", { IsolationId: 4097 }), route("10.40.2.0/24")],
};

describe("a configuration of Microsoft's sdnoverlay", () => {
  it("means what ours does that says the same", () => {
    expect(overlayConfig(sdnoverlay)).toEqual(own);
  });

  it("is a static directory of its remote subnets, of which those by one provider address are one peer", () => {
    const { directory } = overlayConfig({
      AdditionalArgs: [
        route("10.40.2.0/24", "192.0.2.2", { DistributedRouterMacAddress: "00-15-5D-01-02-03" }),
        route("10.40.3.0/24", "192.0.2.3"),
        route("fd00:40:2::/64"),
        route("10.40.2.0/25"),
      ],
    });
    const of = (vtep: string, mac: string, ...subnets: string[]) => ({
      node: vtep,
      vtep,
      mac,
      subnets,
      endpoints: [],
    });
    expect(directory).toEqual({
      type: "static",
      peers: [
        of("192.0.2.2", "00:15:5d:01:02:03", "10.40.2.0/24", "fd00:40:2::/64"),
        of("192.0.2.3", "0e:2a:c0:00:02:03", "10.40.3.0/24"),
      ],
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["VSID", network("VSID", { IsolationId: 4097 }), {}],
    ["VSID of HNS v1", { Type: "VSID", VSID: 4097 }, {}],
    ["NetAdapterName", network("NetAdapterName", { NetworkAdapterName: "eth1" }), { uplink: "eth1" }],
    ["VxlanPort", network("VxlanPort", { Port: 8472 }), { udpPort: 8472 }],
    ["ProviderAddress", network("ProviderAddress", { ProviderAddress: "192.0.2.1" }), { vtep: "192.0.2.1" }],
    [
      "ProviderAddress of an endpoint",
      endpoint("ProviderAddress", { ProviderAddress: "192.0.2.1" }),
      { vtep: "192.0.2.1" },
    ],
    [
      "PA of HNS v1",
      { name: "EndpointPolicy", value: { Type: "PA", PA: "192.0.2.1" } },
      { vtep: "192.0.2.1" },
    ],
    [
      "DrMacAddress",
      network("DrMacAddress", { Address: "00-15-5D-0A-0B-0C" }),
      { vtepMac: "00:15:5d:0a:0b:0c" },
    ],
    ["HostRoute, which is always so", network("HostRoute", {}), {}],
    [
      "SDNRoute to the host, which is always so",
      endpoint("SDNRoute", { DestinationPrefix: "10.96.0.0/12", NeedEncap: true }),
      {},
    ],
    [
      "ROUTE of HNS v1",
      {
        Name: "EndpointPolicy",
        Value: { Type: "ROUTE", DestinationPrefix: "10.96.0.0/12", NeedEncap: true },
      },
      {},
    ],
    ["a remote subnet that the directory has too", route("10.40.2.0/24"), {}],
    [
      "OutBoundNAT of the network",
      network("OutBoundNAT", { Exceptions: ["10.0.0.0/8"] }),
      { exceptions: ["10.0.0.0/8"] },
    ],
    [
      "OutBoundNAT of endpoints",
      endpoint("OutBoundNAT", { ExceptionList: ["10.0.0.0/8"] }),
      { exceptions: ["10.0.0.0/8"] },
    ],
  ])("may say %s", (_, policy, expected) => {
    expect(overlayConfig({ ...least, AdditionalArgs: [policy] })).toEqual({ ...own, ...expected });
    expect(overlayConfig({ ...least, policies: [policy] })).toEqual({ ...own, ...expected });
  });

  it.each<[string, JsonObject]>([
    [
      "HCN",
      { IpAddressPrefix: "10.40.1.0/24", Policies: [{ Type: "VSID", Settings: { IsolationId: 4097 } }] },
    ],
    ["HNS v1", { AddressPrefix: "10.40.1.0/24", Policies: [{ Type: "VSID", VSID: 4097 }] }],
  ])("may have its subnets as %s has them, with their VSID", (_, subnet) => {
    const { vni: __, subnet: ___, ...rest } = least;
    expect(overlayConfig({ ...rest, subnets: [subnet] })).toEqual(own);
  });

  it("gives our ipam subnet and gateway, wherever they stand", () => {
    const ofSubnet = (subnets: readonly JsonObject[], ipam?: JsonObject) =>
      overlay.nativeIpam({ subnets, ...(ipam && { ipam }) });
    const expected = { subnet: "10.40.1.0/24", gateway: "10.40.1.9" };
    expect(
      overlay.nativeIpam({ ...sdnoverlay, ipam: { subnet: "10.40.1.0/24", routes: [{ GW: "10.40.1.9" }] } }),
    ).toEqual(expected);
    const routes = [{ NextHop: "10.40.1.9", DestinationPrefix: "0.0.0.0/0" }];
    expect(ofSubnet([{ IpAddressPrefix: "10.40.1.0/24", Routes: routes }])).toEqual(expected);
    expect(ofSubnet([{ addressprefix: "10.40.1.0/24", GATEWAYADDRESS: "10.40.1.9" }])).toEqual(expected);
    expect(ofSubnet([{ AddressPrefix: "10.40.1.0/24" }], { routes: [{ GW: "10.40.1.9" }] })).toEqual(
      expected,
    );
    const six = { IpAddressPrefix: "fd00:40:1::/64" };
    expect(ofSubnet([{ IpAddressPrefix: "10.40.1.0/24", Routes: routes }, six])).toEqual({
      ranges: [[expected], [{ subnet: "fd00:40:1::/64" }]],
    });
  });

  it.each<[string, JsonObject, string]>([
    ["VNIs", { vni: 4098 }, 'vni: expected one, wherever it is said, received "4098 and 4097"'],
    [
      "VSIDs of network and remote subnet",
      { AdditionalArgs: [network("VSID", { IsolationId: 5000 }), route("10.40.2.0/24")] },
      "5000 and 4097",
    ],
    [
      "VSIDs of subnet and network",
      { vni: 4097, subnets: [{ IpAddressPrefix: "10.40.1.0/24", Policies: [{ Type: "VSID", VSID: 5000 }] }] },
      "4097 and 5000",
    ],
    ["ports", { udpPort: 4789, policies: [network("VxlanPort", { Port: 8472 })] }, "udpPort"],
    [
      "addresses of this host",
      { vtep: "192.0.2.1", policies: [network("ProviderAddress", { ProviderAddress: "192.0.2.9" })] },
      "192.0.2.1 and 192.0.2.9",
    ],
    [
      "MACs of this host",
      { vtepMac: "0e:2a:00:00:00:01", policies: [network("DrMacAddress", { Address: "0E-2A-00-00-00-02" })] },
      "vtepMac",
    ],
    [
      "uplinks",
      { master: "eth1", policies: [network("NetAdapterName", { NetworkAdapterName: "eth0" })] },
      "eth1 and eth0",
    ],
    ["uplinks by two keys", { uplink: "eth0", master: "eth1" }, "eth0 and eth1"],
    [
      "MACs of a peer",
      {
        policies: [
          route("10.40.3.0/24", "192.0.2.2", { DistributedRouterMacAddress: "00-15-5D-00-00-01" }),
          route("10.40.4.0/24", "192.0.2.2", { DistributedRouterMacAddress: "00-15-5D-00-00-02" }),
        ],
      },
      "MAC of 192.0.2.2",
    ],
    [
      "MACs of a peer in the directory",
      {
        directory: { type: "static", peers: [{ ...peer, mac: "00:15:5d:00:00:09" }] },
        policies: [route("10.40.3.0/24", "192.0.2.2", { DistributedRouterMacAddress: "00-15-5D-00-00-01" })],
      },
      "MAC of 192.0.2.2",
    ],
    ["subnets", { ipam: { subnet: "10.40.9.0/24" } }, "subnets: expected those of the ipam, 10.40.9.0/24"],
    [
      "gateways",
      {
        subnet: undefined,
        subnets: [{ AddressPrefix: "10.40.1.0/24", GatewayAddress: "10.40.1.2" }],
        ipam: { routes: [{ GW: "10.40.1.3" }] },
      },
      "10.40.1.3, as the ipam has it",
    ],
  ])("must not say two %s", (_, more, text) => {
    const base =
      "vni" in more || "AdditionalArgs" in more || "subnets" in more
        ? { ...sdnoverlay, ipam: undefined }
        : least;
    const error = refusal({ ...base, ...more });
    expect(error.code).toBe(7);
    expect(everything(error)).toContain(text);
  });

  it.each<[string, JsonObject, string]>([
    ["a VSID without a number", network("VSID", {}), "AdditionalArgs[0].Value.Settings.IsolationId"],
    ["a VSID of 25 bits", network("VSID", { IsolationId: 0x100_0000 }), "IsolationId"],
    ["a VSID that Windows keeps for VLANs", network("VSID", { IsolationId: 7 }), "vni"],
    ["a VxlanPort without a port", network("VxlanPort", {}), "AdditionalArgs[0].Value.Settings.Port"],
    ["a VxlanPort that is none", network("VxlanPort", { Port: 65_536 }), "Port"],
    [
      "an address that nobody filled in",
      endpoint("ProviderAddress", { ProviderAddress: "" }),
      "AdditionalArgs[0].Value.Settings.ProviderAddress",
    ],
    [
      "a MAC of a group",
      network("DrMacAddress", { Address: "01-00-5E-00-00-01" }),
      "AdditionalArgs[0].Value.Settings.Address",
    ],
    [
      "a remote subnet without its host",
      network("RemoteSubnetRoute", { DestinationPrefix: "10.40.2.0/24", IsolationId: 4097 }),
      "ProviderAddress",
    ],
    [
      "a remote subnet without its prefix",
      network("RemoteSubnetRoute", { IsolationId: 4097, ProviderAddress: "192.0.2.2" }),
      "DestinationPrefix",
    ],
    [
      "a remote subnet without its number",
      network("RemoteSubnetRoute", { DestinationPrefix: "10.40.2.0/24", ProviderAddress: "192.0.2.2" }),
      "IsolationId",
    ],
    ["a remote subnet of this host", route("10.40.1.128/25"), "apart from this host's 10.40.1.0/24"],
    ["a remote subnet of another peer", route("10.40.2.0/24", "192.0.2.3"), "one peer with 10.40.2.0/24"],
    ["a remote subnet by an address of another family", route("10.40.3.0/24", "2001:db8::3"), "one family"],
    [
      "a router's MAC that another peer has",
      route("10.40.3.0/24", "192.0.2.3", { DistributedRouterMacAddress: "0E-2A-C0-00-02-02" }),
      "one peer with mac 0e:2a:c0:00:02:02",
    ],
    [
      "a route to the host for nothing",
      endpoint("SDNRoute", { DestinationPrefix: "", NeedEncap: true }),
      "DestinationPrefix",
    ],
  ])("cannot have %s", (_, policy, text) => {
    const { vni: __, ...rest } = least;
    const error = refusal({ ...rest, AdditionalArgs: [policy] });
    expect(error.code).toBe(7);
    expect(everything(error)).toContain(text);
  });

  it.each<[string, JsonObject, string]>([
    ["an ACL of the network", network("ACL", {}), "EndpointPolicy"],
    ["an extension", network("VSwitchExtension", { ExtensionID: "x", Enable: true }), "no extensions"],
    [
      "a route to somewhere else",
      endpoint("SDNRoute", { DestinationPrefix: "10.96.0.0/12", NextHop: "10.40.1.7", NeedEncap: true }),
      "ipam.routes",
    ],
    ["a route on the link", endpoint("SDNRoute", { DestinationPrefix: "10.96.0.0/12" }), "ipam.routes"],
    ["a HostRoute with settings", network("HostRoute", { Metric: 5 }), "always reach each other"],
    ["half a policy", network("VSID", { IsolationId: 4097, Name: "x" }), "VSID takes IsolationId"],
    ["a VLAN", endpoint("VLAN", { IsolationId: 7 }), "VLAN"],
    ["an overhead", endpoint("EncapOverhead", { Overhead: 50 }), "EncapOverhead"],
  ])("does not have %s, and says what to do", (_, policy, text) => {
    const error = refusal({ ...least, AdditionalArgs: [policy] });
    expect(error).toMatchObject({ code: 2, reason: "policy-unsupported" });
    expect(everything(error)).toContain(text);
  });

  it.each<[string, JsonObject, string]>([
    ["a VLAN", { Policies: [{ Type: "VLAN", Settings: { IsolationId: 7 } }] }, "subnets[0].Policies[0].Type"],
    [
      "a route beside the default one",
      { Routes: [{ NextHop: "10.40.1.1", DestinationPrefix: "10.0.0.0/8" }] },
      "subnets[0].Routes[0].DestinationPrefix",
    ],
    ["another key", { IpSubnets: [{}] }, "subnets[0].IpSubnets"],
  ])("has no subnet with %s", (_, more, path) => {
    const error = refusal({
      ...least,
      subnet: undefined,
      subnets: [{ IpAddressPrefix: "10.40.1.0/24", ...more }],
    });
    expect(error.code).toBe(2);
    expect(error.message).toContain(path);
  });

  it("names no peers where a directory does, nor in mode stretched", () => {
    const access = { endpoints: ["http://192.0.2.9:2379"] };
    const etcd = { vni: 4097, cidrs: ["10.40.0.0/16"], directory: { type: "etcd", ...access } };
    expect(everything(refusal({ ...etcd, policies: [route("10.40.2.0/24")] }))).toContain(
      "directory of type etcd",
    );
    const stretched = { vni: 4097, mode: "stretched", policies: [route("10.40.2.0/24")] };
    expect(everything(refusal(stretched))).toContain("nothing in mode stretched");
  });

  it("must say where the other hosts are", () => {
    const {
      AdditionalArgs: [vsid],
    } = sdnoverlay;
    expect(refusal({ ...sdnoverlay, AdditionalArgs: [vsid] }).message).toContain("directory");
  });
});

describe("a configuration of the reference win-overlay", () => {
  it("as flannel's plugin delegates to it is taken", () => {
    const given = {
      cniVersion: "1.0.0",
      name: "flannel.4097",
      type: "win-overlay",
      apiVersion: 2,
      loopbackDSR: true,
      ipMasq: true,
      ipMasqNetwork: "10.40.0.0/16",
      endpointMacPrefix: "0E-2A",
      ipam: { type: "host-local", subnet: "10.40.1.0/24" },
      policies: [
        endpoint("OutBoundNAT", { ExceptionList: ["10.96.0.0/12"], DestinationPrefix: "", NeedEncap: false }),
        endpoint("SDNROUTE", { ExceptionList: [], DestinationPrefix: "10.96.0.0/12", NeedEncap: true }),
      ],
      vni: least.vni,
      directory: least.directory,
    };
    expect(overlayConfig(given)).toEqual({ ...own, exceptions: ["10.40.0.0/16", "10.96.0.0/12"] });
  });

  it("may give containers MACs of another prefix, on all hosts of the network", () => {
    const directory = { type: "static", peers: [{ vtep: "192.0.2.2", endpoints: ["10.50.0.20"] }] };
    const red = { vni: 5001, mode: "stretched", ipam: { subnet: "10.50.0.0/24" }, directory };
    const macs = (endpointMacPrefix: string) => {
      const config = overlayConfig({ ...red, endpointMacPrefix });
      if (config.directory.type !== "static") throw new Error("no static directory");
      return [
        config.macPrefix,
        config.directory.peers.flatMap(({ endpoints }) => endpoints.map(({ mac }) => mac)),
      ];
    };
    expect(macs("0e:2a")).toEqual([undefined, ["0e:2a:0a:32:00:14"]]);
    expect(macs("02-1C")).toEqual([[0x02, 0x1c], ["02:1c:0a:32:00:14"]]);
  });

  it.each(["0E", "0E-2A-00", "01-00", "zz-zz", "0E2A0"])(
    "has no endpointMacPrefix %s",
    (endpointMacPrefix) => {
      const error = refusal({ ...least, endpointMacPrefix });
      expect(error.code).toBe(7);
      expect(everything(error)).toContain("endpointMacPrefix");
    },
  );
});
