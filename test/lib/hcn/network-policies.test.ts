import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import {
  type NetworkReaders,
  readAdapterName,
  readIsolationId,
  sameEverywhere,
  splitNetworkPolicies,
} from "../../../lib/hcn/network-policies.ts";
import { settingsOf } from "../../../lib/hcn/settings.ts";
import { policy, refusal, taken } from "./fixture.ts";

const readers: NetworkReaders<string> = {
  VSID: (raw, issues) => {
    const { IsolationId } = settingsOf(raw, ["IsolationId"]);
    return `${raw.at} ${readIsolationId(IsolationId, `${raw.at}.IsolationId`, { min: 1, max: 9 }, issues)}`;
  },
  NetAdapterName: (raw, issues) => `${raw.at} ${readAdapterName(raw, issues)}`,
};
const split = (list: unknown, ofBoth?: readonly string[]) =>
  taken((issues) => splitNetworkPolicies(list, "policies", readers, issues, ofBoth));

const vsid = policy("VSID", { IsolationId: 7 });
const acl = policy("ACL", { Action: "Allow", Direction: "In" });
const named = (Name: string, Value: JsonObject): JsonObject => ({ Name, Value });

describe("policies of a whole network", () => {
  it.each<[string, JsonObject, string]>([
    ["as they are", vsid, "policies[0].Settings 7"],
    ["of a NetworkPolicy", named("NetworkPolicy", vsid), "policies[0].Value.Settings 7"],
    ["of an EndpointPolicy", named("EndpointPolicy", vsid), "policies[0].Value.Settings 7"],
    [
      "in any case",
      named("networkPOLICY", { type: "vsid", SETTINGS: { isolationid: 7 } }),
      "policies[0].Value.Settings 7",
    ],
    ["in HNS v1's flat form", { Type: "VSID", IsolationId: 7 }, "policies[0] 7"],
  ])("are read %s", (_, given, expected) => {
    expect(split([given])).toEqual({ found: [expected], rest: [undefined] });
  });

  it("leave those of ports behind, each at its place", () => {
    const list = [acl, vsid, named("EndpointPolicy", acl), 5, {}];
    expect(split(list)).toEqual({
      found: ["policies[1].Settings 7"],
      rest: [acl, undefined, named("EndpointPolicy", acl), 5, {}],
    });
  });

  it("leave what is no list as it is, for others to refuse", () => {
    for (const value of [undefined, {}, "VSID", vsid])
      expect(split(value)).toEqual({ found: [], rest: value });
  });

  it("become those of its ports where a type may be of both", () => {
    const nat = policy("OutBoundNAT", { Exceptions: [] });
    const { rest } = split([named("NetworkPolicy", nat)], ["OutBoundNAT"]);
    expect(rest).toEqual([named("EndpointPolicy", nat)]);
    expect(refusal(() => split([named("NetworkPolicy", nat)])).code).toBe(2);
  });

  it.each<[string, string]>([
    ["ACL", "EndpointPolicy"],
    ["NetworkACL", "EndpointPolicy"],
    ["VSwitchExtension", "no extensions"],
    ["Sorcery", "there are VSID, NetAdapterName"],
  ])("are refused where there is none of the type, with what to do instead: %s", (type, remedy) => {
    const error = refusal(() => split([vsid, named("NetworkPolicy", policy(type, {}))]));
    expect(error).toMatchObject({ code: 2, reason: "policy-unsupported" });
    expect(error.message).toBe(`policies[1]: NetworkPolicy: "${type}" is not supported`);
    expect(error.details).toContain(remedy);
  });

  it("are never half read", () => {
    const error = refusal(() => split([policy("VSID", { IsolationId: 7, Priority: 1 })]));
    expect(error).toMatchObject({ code: 2, message: "policies[0].Settings.Priority: 1 is not supported" });
  });

  it.each<[JsonObject, string]>([
    [
      policy("VSID", {}),
      "policies[0].Settings.IsolationId: expected an integer from 1 to 9, received nothing",
    ],
    [
      policy("VSID", { IsolationId: 10 }),
      "policies[0].Settings.IsolationId: expected an integer from 1 to 9",
    ],
    [
      policy("NetAdapterName", { NetworkAdapterName: "vEthernet (LAN)" }),
      "policies[0].Settings.NetworkAdapterName",
    ],
  ])("with a value that cannot be are error 7 with its place: %j", (given, text) => {
    const error = refusal(() => split([given]));
    expect(error.code).toBe(7);
    expect(error.message).toContain(text);
  });

  it("may say one thing in several places, and not two", () => {
    expect(taken((issues) => sameEverywhere("vni", [undefined, 7, 7], issues))).toBe(7);
    expect(taken((issues) => sameEverywhere("vni", [undefined], issues))).toBeUndefined();
    expect(
      refusal(() => taken((issues) => sameEverywhere("vni", [7, undefined, 8, 7], issues))).message,
    ).toBe('vni: expected one, wherever it is said, received "7 and 8"');
  });
});
