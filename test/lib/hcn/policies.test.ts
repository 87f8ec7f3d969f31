import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { policies, policy, refusal } from "./fixture.ts";

const published = { Protocol: 6, InternalPort: 80, ExternalPort: 8080 };
const web = { protocol: "tcp", hostPort: 8080, containerPort: 80 };

describe("the policies of an endpoint", () => {
  it("are none for an empty list", () => {
    expect(policies()).toEqual({ portMappings: [], acls: [], outboundNat: [], qos: [], mtus: [] });
  });

  it("may be of every kind at once, and of one kind several", () => {
    const all = policies(
      policy("PortMapping", published),
      policy("ACL", { Action: "Allow", Direction: "In" }),
      policy("ACL", { Action: "Block", Direction: "Out" }),
      policy("OutBoundNAT", { Exceptions: ["10.0.0.0/8"] }),
      policy("QOS", { MaximumOutgoingBandwidthInBytes: 1000 }),
      policy("InterfaceParameters", { Mtu: 1400 }),
    );
    expect(all).toMatchObject({
      portMappings: [web],
      acls: [{ action: "Allow" }, { action: "Block" }],
      outboundNat: [{ exceptions: ["10.0.0.0/8"] }],
      qos: [{ out: { bytesPerSecond: 1000 } }],
      mtus: [1400],
    });
  });

  it("have types in any case, as the reference plugins match them", () => {
    expect(policies(policy("portmapping", published)).portMappings).toEqual([web]);
    expect(policies(policy("interfaceparameters", { mtu: 1400 })).mtus).toEqual([1400]);
  });

  it.each<[string, JsonObject, string]>([
    ["L4Proxy", { IP: "10.0.0.1", Port: "8080" }, "not built yet"],
    ["L4WFPPROXY", { OutboundProxyPort: "8080" }, "not built yet"],
    ["TierAcl", { Name: "t", Order: 1 }, "write its rules as ACLs"],
    ["VLAN", { IsolationId: 5 }, "no VLAN tags"],
    ["Encryption", { EncryptionMethodType: "Ipsec" }, "encrypt in the application"],
    ["Iov", { IovOffloadWeight: 100 }, "no virtual functions"],
    ["SDNRoute", { DestinationPrefix: "10.0.0.0/8" }, "there are PortMapping, ACL, OutBoundNAT, QOS"],
    ["ROUTE", { DestinationPrefix: "10.0.0.0/8" }, "there are PortMapping"],
    ["Guard", { Allow: ["router"] }, "there are PortMapping"],
    ["constructor", {}, "there are PortMapping"],
    ["__proto__", {}, "there are PortMapping"],
  ])("are error 2 with key, value and remedy when one is %s", (type, settings, remedy) => {
    const error = refusal(() =>
      policies(policy("QOS", { MaximumOutgoingBandwidthInBytes: 1 }), policy(type, settings)),
    );
    expect(error).toMatchObject({ code: 2, reason: "policy-unsupported" });
    expect(error.message).toBe(`policies[1].Type: ${JSON.stringify(type)} is not supported`);
    expect(error.details).toContain(remedy);
    expect(error.details).toContain("a policy is never ignored");
  });

  it("never show a secret that was put into the wrong place", () => {
    const error = refusal(() => policies(policy("QOS", { PresharedKey: "hunter2-hunter2" })));
    expect(error.message).toBe("policies[0].Settings.PresharedKey: a hidden value is not supported");
  });
});

describe("a PortMapping", () => {
  it.each<[string, JsonObject, JsonObject]>([
    ["its three numbers", published, web],
    ["no protocol as TCP", { InternalPort: 80, ExternalPort: 8080 }, web],
    ["UDP and SCTP by number", { ...published, Protocol: 17 }, { ...web, protocol: "udp" }],
    ["SCTP by name", { ...published, Protocol: "SCTP" }, { ...web, protocol: "sctp" }],
    ["an address of the host", { ...published, VIP: "192.0.2.1" }, { ...web, hostIp: "192.0.2.1" }],
    ["an empty address", { ...published, VIP: "" }, web],
    ["no address", { ...published, VIP: null }, web],
    ["what is always so: flags and reservation", { ...published, Flags: 7, ExternalPortReserved: true }, web],
  ])("takes %s", (_, settings, expected) => {
    expect(policies(policy("PortMapping", settings)).portMappings).toEqual([expected]);
  });

  it("is NAT in HCN v1, where the protocol has a name", () => {
    const value = {
      Type: "NAT",
      Protocol: "TCP",
      InternalPort: 80,
      ExternalPort: 8080,
      ExternalPortReserved: false,
    };
    expect(policies({ name: "EndpointPolicy", value }).portMappings).toEqual([web]);
    expect(policies({ Type: "nat", Settings: published }).portMappings).toEqual([web]);
    const error = refusal(() => policies({ name: "EndpointPolicy", value: { ...value, InternalPort: 0 } }));
    expect(error.message).toBe(
      "policies[0].Value.InternalPort: expected an integer from 1 to 65535, received 0",
    );
  });

  it.each<[JsonObject, string]>([
    [{ ...published, Protocol: 1 }, ".Protocol: expected 6 (TCP), 17 (UDP) or 132 (SCTP), received 1"],
    [{ ...published, Protocol: "icmp" }, ".Protocol: expected 6 (TCP)"],
    [{ ...published, Protocol: { toString: 1 } }, ".Protocol: expected 6 (TCP)"],
    [
      { ...published, InternalPort: "80" },
      '.InternalPort: expected an integer from 1 to 65535, received "80"',
    ],
    [{ InternalPort: 80 }, ".ExternalPort: expected an integer from 1 to 65535, received nothing"],
    [{ ...published, ExternalPort: 65536 }, ".ExternalPort: expected an integer"],
    [{ ...published, VIP: "host" }, '.VIP: expected an IP address, received "host"'],
    [{ ...published, VIP: 5 }, ".VIP: expected an IP address, received 5"],
  ])("is error 7 when its settings are %j", (settings, text) => {
    const error = refusal(() => policies(policy("PortMapping", settings)));
    expect(error).toMatchObject({ code: 7 });
    expect(error.message).toContain(`policies[0].Settings${text}`);
  });
});

describe("InterfaceParameters", () => {
  it.each<[JsonObject, string]>([
    [{}, "expected an integer from 68 to 65535, received nothing"],
    [{ Mtu: 67 }, "expected an integer from 68 to 65535, received 67"],
    [{ Mtu: "1400" }, 'received "1400"'],
    [{ Mtu: 65536 }, "received 65536"],
  ])("are error 7 when they are %j", (settings, text) => {
    const error = refusal(() => policies(policy("InterfaceParameters", settings)));
    expect(error).toMatchObject({ code: 7 });
    expect(error.message).toMatch(/^policies\[0\]\.Settings\.Mtu: /);
    expect(error.message).toContain(text);
  });
});
