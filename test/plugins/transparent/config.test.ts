import { describe, expect, it } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import type { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { annotated, plainVnic } from "../nat/fixture.ts";
import { transparentConfig } from "./fixture.ts";

const smallest = {
  kind: "macvlan",
  mode: "bridge",
  hostAccess: false,
  checkUplink: true,
  probeMs: 20,
  port: { portMappings: [], acls: [], outboundNat: [] },
  vnic: plainVnic,
};

const policy = (Type: string, Settings: JsonObject): JsonObject => ({ Type, Settings });
const wrapped = (Value: JsonObject): JsonObject => ({ Name: "EndpointPolicy", Value });
const vlan = (IsolationId: unknown) => policy("VLAN", { IsolationId });
const adapter = (NetworkAdapterName: unknown) => policy("NetAdapterName", { NetworkAdapterName });

/** What was thrown, which must be an error of CNI. */
function refusal(...given: Parameters<typeof transparentConfig>): CniError {
  try {
    transparentConfig(...given);
  } catch (error) {
    return error as CniError;
  }
  return expect.fail("it was taken");
}

describe("the configuration of a transparent network", () => {
  it("needs no key of its own", () => {
    const given = {
      cniVersion: "1.1.0",
      name: "lan",
      type: "transparent",
      ipam: {},
      capabilities: { mac: true },
    };
    expect(transparentConfig(given)).toEqual(smallest);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["switch", { switch: "macvlan" }, {}],
    ["uplink", { uplink: "eth1" }, { uplink: "eth1" }],
    ["master, as Microsoft and macvlan call the uplink", { master: "eth1" }, { uplink: "eth1" }],
    ["uplink and master that say the same", { uplink: "eth1", master: "eth1" }, { uplink: "eth1" }],
    ["mode private", { mode: "private" }, { mode: "private" }],
    ["mode vepa", { mode: "vepa" }, { mode: "vepa" }],
    ["mode passthru", { mode: "passthru" }, { mode: "passthru" }],
    ["hostAccess", { hostAccess: true }, { hostAccess: true }],
    ["hostAccess false in any mode", { hostAccess: false, mode: "private" }, { mode: "private" }],
    ["the first vlan", { vlan: 1 }, { vlan: 1 }],
    ["the last vlan", { vlan: 4094 }, { vlan: 4094 }],
    ["mtu", { mtu: 1400 }, { mtu: 1400 }],
    ["the smallest mtu", { mtu: 68 }, { mtu: 68 }],
    ["mtu 0 as automatic", { mtu: 0 }, {}],
    ["dad", { dad: true }, {}],
    ["dad in milliseconds", { dad: 500 }, { probeMs: 500 }],
    ["dad for as long as may be", { dad: 10_000 }, { probeMs: 10_000 }],
    ["dataDir, which is the store's", { dataDir: "/var/lib/x" }, {}],
    ["guard false, as every port of it is", { guard: false }, {}],
    ["HCN's VLAN", { policies: [vlan(7)] }, { vlan: 7 }],
    ["HCN's VLAN in a wrapping", { policies: [wrapped(vlan(7))] }, { vlan: 7 }],
    ["HCN's VLAN in AdditionalArgs", { AdditionalArgs: [wrapped(vlan(7))] }, { vlan: 7 }],
    [
      "HCN's VLAN of version 1",
      { AdditionalArgs: [{ name: "EndpointPolicy", value: { type: "VLAN", isolationId: 7 } }] },
      { vlan: 7 },
    ],
    ["HCN's NetAdapterName", { policies: [adapter("eth1")] }, { uplink: "eth1" }],
    [
      "HCN's NetAdapterName in AdditionalArgs",
      { AdditionalArgs: [wrapped(adapter("eth1"))] },
      { uplink: "eth1" },
    ],
    [
      "the same in every place",
      {
        uplink: "eth1",
        master: "eth1",
        vlan: 7,
        policies: [vlan(7), adapter("eth1")],
        AdditionalArgs: [wrapped(vlan(7)), wrapped(adapter("eth1"))],
      },
      { uplink: "eth1", vlan: 7 },
    ],
    [
      "an MTU by policy, beside what is the network's",
      { policies: [vlan(7), policy("InterfaceParameters", { Mtu: 1300 })] },
      { vlan: 7, port: { ...smallest.port, mtu: 1300 } },
    ],
    [
      "keys in any case",
      { SWITCH: "macvlan", Uplink: "eth1", MODE: "vepa", HOSTACCESS: false, VLAN: 7, Mtu: 1400, DAD: 5 },
      { uplink: "eth1", mode: "vepa", vlan: 7, mtu: 1400, probeMs: 5 },
    ],
    [
      "policies in any case",
      {
        POLICIES: [{ TYPE: "vlan", SETTINGS: { isolationid: 7 } }],
        additionalargs: [
          {
            NAME: "endpointpolicy",
            VALUE: { Type: "NETADAPTERNAME", Settings: { NETWORKADAPTERNAME: "eth1" } },
          },
        ],
      },
      { vlan: 7, uplink: "eth1" },
    ],
  ])("takes %s", (_, given, expected) => {
    expect(transparentConfig(given)).toEqual({ ...smallest, ...expected });
  });

  it("has no probe where dad is off", () => {
    expect(transparentConfig({ dad: false })).not.toHaveProperty("probeMs");
  });

  it("takes the MAC that the runtime asks for", () => {
    expect(transparentConfig({}, [], { mac: mac("02:00:00:00:00:07") }).mac).toBe("02:00:00:00:00:07");
  });

  it.each<[string, JsonObject, string]>([
    ["switch", { switch: "ovs" }, "switch"],
    ["uplink that no interface can have", { uplink: "a/b" }, "uplink"],
    ["uplink of 16 letters", { uplink: "x".repeat(16) }, "uplink"],
    ["empty master", { master: "" }, "master"],
    ["mode", { mode: "source" }, "mode"],
    ["hostAccess", { hostAccess: "yes" }, "hostAccess"],
    ["hostAccess in another mode", { hostAccess: true, mode: "private" }, "hostAccess"],
    ["hostAccess in mode vepa", { hostAccess: true, mode: "vepa" }, "hostAccess"],
    ["hostAccess in mode passthru", { hostAccess: true, mode: "passthru" }, "hostAccess"],
    ["vlan 0", { vlan: 0 }, "vlan"],
    ["vlan 4095", { vlan: 4095 }, "vlan"],
    ["vlan as text", { vlan: "7" }, "vlan"],
    ["mtu 67", { mtu: 67 }, "mtu"],
    ["mtu 65536", { mtu: 65_536 }, "mtu"],
    ["dad 0", { dad: 0 }, "dad"],
    ["dad for more than ten seconds", { dad: 10_001 }, "dad"],
    ["dad as text", { dad: "off" }, "dad"],
    ["dataDir", { dataDir: "here" }, "dataDir"],
    ["policies that are no list", { policies: {} }, "policies: expected a list"],
    ["a policy in place of a list", { policies: vlan(7) }, "policies: expected a list"],
    [
      "NetAdapterName without a name",
      { policies: [adapter(undefined)] },
      "policies[0].Settings.NetworkAdapterName",
    ],
    ["VLAN without an id", { policies: [policy("VLAN", {})] }, "policies[0].Settings.IsolationId"],
    ["VLAN beyond the last", { policies: [{}, vlan(4095)] }, "policies[1].Settings.IsolationId"],
    [
      "VLAN in a wrapping",
      { AdditionalArgs: [wrapped(vlan("7"))] },
      "AdditionalArgs[0].Value.Settings.IsolationId",
    ],
    [
      "NetAdapterName that is a number",
      { policies: [adapter(7)] },
      "policies[0].Settings.NetworkAdapterName",
    ],
    [
      "NetAdapterName that no interface can have",
      { policies: [adapter("vEthernet (LAN)")] },
      "policies[0].Settings.NetworkAdapterName",
    ],
    ["a policy after the network's own, at its place", { policies: [vlan(7), 5] }, "policies[1]"],
    ["two uplinks", { uplink: "eth1", master: "eth2" }, "uplink"],
    ["an uplink and another by policy", { uplink: "eth1", policies: [adapter("eth2")] }, "uplink"],
    ["two VLANs", { vlan: 7, AdditionalArgs: [wrapped(vlan(8))] }, "vlan"],
    ["two VLANs by policies", { policies: [vlan(7), vlan(8)] }, "vlan"],
  ])("refuses %s, and says where", (_, given, path) => {
    const { code, message, details = "" } = refusal(given);
    expect(code).toBe(7);
    expect(`${message} ${details}`).toContain(path);
  });

  it("tells all faults of its keys at once", () => {
    const { message, details = "" } = refusal({
      switch: 1,
      uplink: 2,
      mode: "x",
      hostAccess: 3,
      vlan: 0,
      mtu: -1,
      dataDir: "",
    });
    for (const key of ["switch", "uplink", "mode", "hostAccess", "vlan", "mtu", "dataDir"])
      expect(`${message} ${details}`).toContain(key);
  });

  it("tells all faults beyond them at once, too", () => {
    const { message, details = "" } = refusal({
      dad: 0,
      mtu: 10,
      hostAccess: true,
      mode: "vepa",
      uplink: "eth1",
      policies: [vlan(0), adapter("eth2")],
      AdditionalArgs: [wrapped(vlan(9999)), 5],
    });
    const all = ["dad", "mtu", "hostAccess", "uplink", "policies[0].Settings.IsolationId"];
    for (const path of [...all, "AdditionalArgs[0].Value.Settings.IsolationId", "AdditionalArgs[1]"])
      expect(`${message} ${details}`).toContain(path);
  });

  it("names both where two places say different things", () => {
    const { message, details = "" } = refusal({ vlan: 7, policies: [vlan(8)] });
    expect(`${message} ${details}`).toContain("7 and 8");
  });

  it.each([["uplnk"], ["hostAcess"], ["swich"], ["vlann"], ["polices"], ["mastr"]])(
    "takes no key that is nearly one of its own: %s",
    (key) => {
      const { code, message } = refusal({ [key]: "x" });
      expect(code).toBe(2);
      expect(message).toContain(key);
    },
  );

  it("leaves keys of other makers alone", () => {
    expect(transparentConfig({ "com.example": 1, somethingElse: {} })).toEqual(smallest);
  });

  it.each<[string, JsonObject, string]>([
    [
      "settings of VLAN that are not known",
      { policies: [policy("VLAN", { IsolationId: 7, Priority: 3 })] },
      "Priority",
    ],
    [
      "settings of NetAdapterName that are not known",
      { policies: [policy("NetAdapterName", { NetworkAdapterName: "eth1", X: 3 })] },
      "X",
    ],
    ["a policy that there is not", { policies: [policy("L4Proxy", {})] }, "L4Proxy"],
  ])("takes no policy by halves: %s", (_, given, word) => {
    const { code, message } = refusal(given);
    expect(code).toBe(2);
    expect(message).toContain(word);
  });

  it("takes no published ports, in the words of HCN", () => {
    const web = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
    const byPolicy = {
      policies: [policy("PortMapping", { Protocol: 6, InternalPort: 80, ExternalPort: 8080 })],
    };
    for (const error of [refusal({}, [web]), refusal(byPolicy)])
      expect(error).toMatchObject({
        code: 2,
        reason: "port-mapping-unsupported",
        details: expect.stringContaining("HCN_E_MAPPING_NOT_SUPPORTED"),
      });
  });

  it.each<[string, JsonObject, Parameters<typeof transparentConfig>[2]]>([
    ["guard", { guard: true }, {}],
    ["guard", { guard: { allow: ["router"] } }, {}],
    ["ACL", { policies: [policy("ACL", { Action: "Allow", Direction: "In" })] }, {}],
    ["ACL", {}, annotated({ lan: [policy("ACL", { Action: "Allow", Direction: "In" })] })],
    ["defaultAction", { defaultAction: "Block" }, {}],
    ["QOS (bandwidth)", { policies: [policy("QOS", { MaximumOutgoingBandwidthInBytes: 1000 })] }, {}],
    ["QOS (bandwidth)", {}, { bandwidth: { ingress: { bitsPerSecond: 8e6 } } }],
    ["OutBoundNAT", { policies: [policy("OutBoundNAT", { Exceptions: ["10.0.0.0/8"] })] }, {}],
    ["OutBoundNAT", {}, annotated({ lan: [policy("OutBoundNAT", { VirtualIP: "192.0.2.7" })] })],
  ])("takes no policy that a macvlan has no port for: %s %j", (name, given, asked) => {
    expect(refusal(given, [], asked)).toMatchObject({
      code: 2,
      reason: "policy-unsupported",
      message: expect.stringContaining(`${name} is not supported`),
    });
  });
});
