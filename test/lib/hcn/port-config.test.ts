import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { allowIn, annotation, policy, portConfig, refusal } from "./fixture.ts";

const mtu = (Mtu: number) => policy("InterfaceParameters", { Mtu });

describe("the configuration of a port", () => {
  it("has a guard and nothing else where it says nothing", () => {
    expect(portConfig({})).toEqual({
      portMappings: [],
      acls: [],
      configuredNat: [],
      annotatedNat: [],
      guard: { allow: [], addresses: [] },
    });
  });

  it("takes policies from both keys, those of AdditionalArgs first", () => {
    const read = portConfig({
      policies: [policy("ACL", { ...allowIn, Id: "second" })],
      AdditionalArgs: [{ Name: "EndpointPolicy", Value: policy("ACL", { ...allowIn, Id: "first" }) }],
    });
    expect(read.acls.map(({ id }) => id)).toEqual(["first", "second"]);
  });

  it("takes its keys in any case", () => {
    const read = portConfig({
      POLICIES: [mtu(1400)],
      Guard: { Allow: ["router"] },
      defaultaction: { IN: "allow" },
    });
    expect(read).toMatchObject({ mtu: 1400, guard: { allow: ["router"] }, aclDefault: { In: "Allow" } });
  });

  it.each<[JsonObject, string]>([
    [{ policies: {} }, "policies: expected a list, received an object"],
    [{ policies: "ACL" }, 'policies: expected a list, received "ACL"'],
    [{ AdditionalArgs: 5 }, "AdditionalArgs: expected a list, received 5"],
  ])("is error 7 when it is %j", (config, text) => {
    expect(refusal(() => portConfig(config))).toMatchObject({ code: 7, message: text });
  });

  it("has InterfaceParameters once at most, wherever they stand", () => {
    expect(portConfig({ policies: [mtu(1400)] }).mtu).toBe(1400);
    const both = { policies: [mtu(1400)], AdditionalArgs: [mtu(1300)] };
    expect(refusal(() => portConfig(both))).toMatchObject({
      code: 7,
      message: 'InterfaceParameters: expected one at most, as in HCN, received "1300 and 1400 bytes"',
    });
    expect(() => portConfig({ policies: [mtu(1400)] }, annotation([mtu(1300)]))).toThrow("1400 and 1300");
  });
});

describe("the guard", () => {
  it.each<[unknown, unknown]>([
    [true, { allow: [], addresses: [] }],
    [null, { allow: [], addresses: [] }],
    [{}, { allow: [], addresses: [] }],
    [
      { allow: null, addresses: null },
      { allow: [], addresses: [] },
    ],
    [{ allow: ["router"] }, { allow: ["router"], addresses: [] }],
    [{ allow: ["DHCP-Server", "router", "router"] }, { allow: ["dhcp-server", "router"], addresses: [] }],
    [{ addresses: ["192.0.2.1", "FD00::1", "fd00::1"] }, { allow: [], addresses: ["192.0.2.1", "fd00::1"] }],
    [false, undefined],
  ])("%j is %j", (guard, expected) => {
    expect(portConfig({ guard }).guard).toEqual(expected);
  });

  it.each<[unknown, string]>([
    ["false", 'guard: expected true, false, or {"allow": [...], "addresses": [...]}, received "false"'],
    [0, "guard: expected true, false"],
    [["router"], "guard: expected true, false"],
    [{ allow: "router" }, 'guard.allow: expected a list, received "router"'],
    [{ allow: ["gateway"] }, 'guard.allow[0]: expected dhcp-server or router, received "gateway"'],
    [{ allow: [5] }, "guard.allow[0]: expected dhcp-server or router, received 5"],
    [{ addresses: "192.0.2.1" }, "guard.addresses: expected a list"],
    [{ addresses: ["192.0.2.0/24"] }, 'guard.addresses[0]: expected an IP address, received "192.0.2.0/24"'],
    [{ addresses: ["::1", 7] }, "guard.addresses[1]: expected an IP address, received 7"],
  ])("is error 7 when it is %j", (guard, text) => {
    const error = refusal(() => portConfig({ guard }));
    expect(error).toMatchObject({ code: 7 });
    expect(error.message).toContain(text);
  });

  it.each<[JsonObject, string, string]>([
    [{ alow: [] }, "unknown-key", "unknown key guard.alow: a list of 0; expected the key allow"],
    [{ trusted: true }, "policy-unsupported", "guard.trusted: true is not supported"],
  ])("is error 2 when it is %j", (guard, reason, message) => {
    expect(refusal(() => portConfig({ guard }))).toMatchObject({ code: 2, reason, message });
  });
});

describe("defaultAction", () => {
  it.each<[unknown, unknown]>([
    ["Allow", { In: "Allow", Out: "Allow" }],
    ["block", { In: "Block", Out: "Block" }],
    [{ In: "Allow" }, { In: "Allow" }],
    [
      { in: "Allow", OUT: "block" },
      { In: "Allow", Out: "Block" },
    ],
    [{}, undefined],
    [null, undefined],
    [{ In: null }, undefined],
  ])("%j is %j", (defaultAction, expected) => {
    expect(portConfig({ defaultAction }).aclDefault).toEqual(expected);
  });

  it.each<[unknown, string]>([
    ["Deny", 'defaultAction: expected Allow or Block, received "Deny"'],
    ["", 'defaultAction: expected Allow or Block, received ""'],
    [true, "defaultAction: expected Allow or Block, received true"],
    [["Allow"], "defaultAction: expected Allow or Block, received a list of 1"],
    [{ In: "Pass" }, 'defaultAction.In: expected Allow or Block, received "Pass"'],
    [{ Out: 1 }, "defaultAction.Out: expected Allow or Block, received 1"],
  ])("is error 7 when it is %j", (defaultAction, text) => {
    expect(refusal(() => portConfig({ defaultAction }))).toMatchObject({ code: 7, message: text });
  });

  it("is error 2 with another direction", () => {
    expect(refusal(() => portConfig({ defaultAction: { Ingress: "Allow" } }))).toMatchObject({
      code: 2,
      message: 'defaultAction.Ingress: "Allow" is not supported',
    });
  });
});
