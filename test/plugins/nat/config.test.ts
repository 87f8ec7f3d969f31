import { describe, expect, it } from "vitest";
import type { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { natConfig, plainVnic } from "./fixture.ts";

const port = { portMappings: [], acls: [], outboundNat: [], guard: { allow: [], addresses: [] } };

const smallest = {
  masquerade: true,
  exceptions: [],
  isolated: false,
  reachable: [],
  port,
  vnic: plainVnic,
  gatewayIsTwo: false,
  fallbackGateways: [],
};

/** A configuration with one policy. */
const policy = (Type: string, Settings: JsonObject, Name = "EndpointPolicy"): JsonObject => ({
  AdditionalArgs: [{ Name, Value: { Type, Settings } }],
});

const published = { Protocol: 6, InternalPort: 80, ExternalPort: 8080 };
const settingsPath = "AdditionalArgs[0].Value.Settings";

describe("the configuration of a nat network", () => {
  it("needs no key of its own", () => {
    const given = { cniVersion: "1.1.0", name: "net", type: "nat", capabilities: { portMappings: true } };
    expect(natConfig(given)).toEqual(smallest);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["bridge", { bridge: "br0" }, { bridge: "br0" }],
    ["uplink", { uplink: "eth1" }, { uplink: "eth1" }],
    ["master, as Microsoft calls the uplink", { master: "Ethernet" }, { uplink: "Ethernet" }],
    ["uplink before master", { uplink: "eth1", master: "Ethernet" }, { uplink: "eth1" }],
    ["mtu", { mtu: 9000 }, { mtu: 9000 }],
    ["the smallest mtu", { mtu: 68 }, { mtu: 68 }],
    ["mtu 0 as automatic", { mtu: 0 }, {}],
    ["ipMasq", { ipMasq: false }, { masquerade: false }],
    [
      "exceptions, an address being its own prefix",
      { exceptions: ["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1"] },
      { exceptions: ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "::1/128"] },
    ],
    ["dataDir, which is the store's", { dataDir: "/var/lib/x" }, {}],
    [
      "optionalFlags.forceBridgeGateway",
      { optionalFlags: { forceBridgeGateway: true } },
      { gatewayIsTwo: true },
    ],
    [
      "additionalRoutes where the flag asks for them",
      {
        optionalFlags: { gatewayFromAdditionalRoutes: true },
        additionalRoutes: [{ dst: "0.0.0.0/0", GW: "10.0.0.9" }, { dst: "10.0.0.0/8" }],
      },
      { fallbackGateways: ["10.0.0.9"] },
    ],
    ["additionalRoutes without the flag", { additionalRoutes: [{ GW: "10.0.0.9" }] }, {}],
    [
      "optionalFlags that are always so",
      {
        optionalFlags: {
          localRoutedPortMapping: true,
          allowAclPortMapping: true,
          enableDualStack: true,
          loopbackDSR: true,
        },
      },
      {},
    ],
    ["DisableInterComputeCommunication", { DisableInterComputeCommunication: true }, { isolated: true }],
    ["reachable by all", { reachable: true }, { reachable: true }],
    ["reachable by none", { reachable: false }, {}],
    ["reachable by name", { reachable: ["web", "db", "web"] }, { reachable: ["web", "db"] }],
    [
      "an OutBoundNAT policy",
      policy("OutBoundNAT", { Exceptions: ["10.0.0.0/8"] }),
      { exceptions: ["10.0.0.0/8"] },
    ],
    [
      "an OutBoundNAT policy with empty settings",
      policy("OutBoundNAT", { Exceptions: [], VirtualIP: "", Destinations: [], Flags: 0 }),
      {},
    ],
    [
      "a PortMapping policy",
      policy("PortMapping", published),
      { port: { ...port, portMappings: [{ protocol: "tcp", hostPort: 8080, containerPort: 80 }] } },
    ],
    [
      "a PortMapping policy with address, flags and the name of the protocol",
      policy("PortMapping", { ...published, Protocol: "UDP", VIP: "192.0.2.1", Flags: 1 }),
      {
        port: {
          ...port,
          portMappings: [{ protocol: "udp", hostPort: 8080, containerPort: 80, hostIp: "192.0.2.1" }],
        },
      },
    ],
    [
      "a PortMapping policy without protocol or address",
      policy("PortMapping", { InternalPort: 80, ExternalPort: 8080, VIP: "" }),
      { port: { ...port, portMappings: [{ protocol: "tcp", hostPort: 8080, containerPort: 80 }] } },
    ],
    [
      "keys in any case",
      {
        MTU: 1400,
        BRIDGE: "br0",
        ipmasq: false,
        GUARD: false,
        DISABLEintercomputecommunication: true,
        Reachable: ["web"],
      },
      {
        mtu: 1400,
        bridge: "br0",
        masquerade: false,
        isolated: true,
        reachable: ["web"],
        port: { portMappings: [], acls: [], outboundNat: [] },
      },
    ],
    [
      "policies in any case",
      {
        additionalargs: [
          {
            name: "EndpointPolicy",
            value: { type: "PortMapping", settings: { protocol: 17, internalPort: 53, externalPort: 53 } },
          },
        ],
      },
      { port: { ...port, portMappings: [{ protocol: "udp", hostPort: 53, containerPort: 53 }] } },
    ],
    [
      "null as absent",
      {
        mtu: null,
        exceptions: null,
        AdditionalArgs: null,
        optionalFlags: null,
        policies: null,
        guard: null,
        defaultAction: null,
        reachable: null,
        DisableInterComputeCommunication: null,
      },
      {},
    ],
    ["keys that it does not know", { isGateway: true, promiscMode: true, "org.example/key": 1 }, {}],
  ])("takes %s", (_, raw, expected) => {
    expect(natConfig(raw)).toEqual({ ...smallest, ...expected });
  });

  it("puts the ports of the runtime before those of its own policies", () => {
    const both = natConfig(policy("PortMapping", published), [{ hostPort: 53, containerPort: 53 }]);
    expect(both.port.portMappings.map((mapping) => mapping.hostPort)).toEqual([53, 8080]);
  });

  it.each<[JsonObject, string]>([
    [{ bridge: 5 }, "bridge: expected string, received 5"],
    [{ bridge: "a/b" }, 'bridge: expected pattern "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$", received "a/b"'],
    [{ bridge: "sixteen-letters-" }, 'received "sixteen-letters-"'],
    [{ uplink: {} }, "uplink: expected string, received an object"],
    [{ uplink: "" }, 'uplink: expected at least 1 characters, received ""'],
    [{ master: "x".repeat(65) }, "master: expected at most 64 characters"],
    [{ mtu: "1500" }, 'mtu: expected an integer from 0 to 65535, received "1500"'],
    [{ mtu: 1.5 }, "mtu: expected an integer from 0 to 65535, received 1.5"],
    [{ mtu: -1 }, "mtu: expected an integer from 0 to 65535, received -1"],
    [{ mtu: 67 }, "mtu: expected 0 (automatic) or 68 and more, received 67"],
    [{ mtu: 65536 }, "mtu: expected an integer from 0 to 65535, received 65536"],
    [{ ipMasq: "yes" }, 'ipMasq: expected boolean, received "yes"'],
    [{ exceptions: "10.0.0.0/8" }, 'exceptions: expected array, received "10.0.0.0/8"'],
    [{ exceptions: ["10.0.0.0/8", 5] }, "exceptions[1]: expected string, received 5"],
    [
      { exceptions: ["10.0.0.0/33"] },
      'exceptions: expected prefixes such as 10.0.0.0/8, received "10.0.0.0/33"',
    ],
    [{ dataDir: "relative" }, 'dataDir: expected pattern "^/", received "relative"'],
    [{ optionalFlags: [] }, "optionalFlags: expected object, received a list of 0"],
    [
      { optionalFlags: { forceBridgeGateway: "true" } },
      'optionalFlags.forceBridgeGateway: expected boolean, received "true"',
    ],
    [{ additionalRoutes: [{ GW: 5 }] }, "additionalRoutes[0].GW: expected string, received 5"],
    [
      { optionalFlags: { gatewayFromAdditionalRoutes: true }, additionalRoutes: [{ GW: "10.0.0.300" }] },
      'additionalRoutes[0].GW: expected an IP address, received "10.0.0.300"',
    ],
    [
      { DisableInterComputeCommunication: "yes" },
      'DisableInterComputeCommunication: expected boolean, received "yes"',
    ],
    [{ reachable: "web" }, 'reachable: expected true, false, or a list of networks, received "web"'],
    [{ reachable: ["web", "a b"] }, 'reachable[1]: expected a network\'s name, received "a b"'],
    [{ reachable: [7] }, "reachable[0]: expected a network's name, received 7"],
    [{ AdditionalArgs: {} }, "AdditionalArgs: expected a list, received an object"],
    [
      { AdditionalArgs: [{ Name: "EndpointPolicy" }] },
      "AdditionalArgs[0].Value: expected a policy: an object with Type and Settings, received nothing",
    ],
    [
      { AdditionalArgs: [{ Name: "EndpointPolicy", Value: {} }] },
      "AdditionalArgs[0].Value.Type: expected the name of a policy, received nothing",
    ],
    [
      policy("PortMapping", { ...published, Protocol: 1 }),
      `${settingsPath}.Protocol: expected 6 (TCP), 17 (UDP) or 132 (SCTP), received 1`,
    ],
    [
      policy("PortMapping", { ...published, InternalPort: "80" }),
      `${settingsPath}.InternalPort: expected an integer from 1 to 65535, received "80"`,
    ],
    [
      policy("PortMapping", { Protocol: 6, InternalPort: 80 }),
      `${settingsPath}.ExternalPort: expected an integer from 1 to 65535, received nothing`,
    ],
    [
      policy("PortMapping", { ...published, ExternalPort: 65536 }),
      `${settingsPath}.ExternalPort: expected an integer from 1 to 65535, received 65536`,
    ],
    [
      policy("PortMapping", { ...published, VIP: "host" }),
      `${settingsPath}.VIP: expected an IP address, received "host"`,
    ],
    [
      policy("OutBoundNAT", { Exceptions: ["10.0.0.0/8", "nothing"] }),
      `${settingsPath}.Exceptions: expected prefixes such as 10.0.0.0/8, received "nothing"`,
    ],
  ])("is refused, with path, expected and received, when it is %j", (raw, text) => {
    const act = () => natConfig(raw);
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "config-invalid" }));
    expect(act).toThrow(text);
  });

  it("is told of all its faults at once", () => {
    const error = refusal({ bridge: 5, uplink: 4, mtu: "x", ipMasq: 3, dataDir: "here" });
    expect(error.message).toContain("(and 2 more)");
    for (const key of ["bridge", "uplink", "mtu", "ipMasq", "dataDir"])
      expect(error.details).toContain(`${key}: expected`);
  });

  it.each<[JsonObject, string]>([
    [{ brigde: "br0" }, 'unknown key brigde: "br0"; expected the key bridge'],
    [{ ipMask: false }, "unknown key ipMask: false; expected the key ipMasq"],
    [{ exeptions: [] }, "unknown key exeptions: a list of 0; expected the key exceptions"],
    [{ additionalArg: [] }, "unknown key additionalArg: a list of 0; expected the key AdditionalArgs"],
    [{ runtimeconfig_: {} }, "unknown key runtimeconfig_: an object; expected the key runtimeConfig"],
    [
      { optionalFlags: { forceBridgeGatway: true } },
      "unknown key forceBridgeGatway: true; expected the key forceBridgeGateway",
    ],
  ])("is refused with the key that was meant when it is %j", (raw, text) => {
    expect(refusal(raw)).toMatchObject({ code: 2, reason: "unknown-key", message: text });
  });

  it.each<[string, JsonObject]>([
    ["policies", { polices: [] }],
    ["defaultAction", { defaultActions: "Allow" }],
    ["reachable", { reacheable: true }],
    ["guard", { gaurd: false }],
    ["DisableInterComputeCommunication", { DisableInterComputeComunication: true }],
  ])("knows %s, though not misspelt", (key, raw) => {
    expect(refusal(raw)).toMatchObject({ code: 2, reason: "unknown-key" });
    expect(refusal(raw).message).toContain(`expected the key ${key}`);
  });

  it("is refused with key and value for a policy that is not supported, by its place", () => {
    const args = [policy("PortMapping", published), policy("QOS", { MaximumBandwidth: 1 })];
    const both = { AdditionalArgs: args.flatMap((one) => one.AdditionalArgs) };
    expect(refusal(both)).toMatchObject({
      code: 2,
      reason: "policy-unsupported",
      message: "AdditionalArgs[1].Value.Settings.MaximumBandwidth: 1 is not supported",
    });
  });
});

function refusal(raw: JsonObject): CniError {
  try {
    natConfig(raw);
  } catch (error) {
    return error as CniError;
  }
  throw new Error(`taken: ${JSON.stringify(raw)}`);
}
