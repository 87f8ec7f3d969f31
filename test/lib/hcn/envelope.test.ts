import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { readEnvelopes } from "../../../lib/hcn/envelope.ts";
import { policies, refusal, taken } from "./fixture.ts";

const Settings = { Mtu: 1400 };
const read = (...list: readonly unknown[]) => taken((issues) => readEnvelopes(list, "policies", issues));

describe("a policy of a list", () => {
  it.each<[string, JsonObject, string, string]>([
    ["HCN's own form", { Type: "A", Settings }, "policies[0]", "policies[0].Settings"],
    [
      "Microsoft's wrapping",
      { Name: "EndpointPolicy", Value: { Type: "A", Settings } },
      "policies[0].Value",
      "policies[0].Value.Settings",
    ],
    [
      "the wrapping of the reference plugins around v2",
      { name: "EndpointPolicy", value: { Type: "A", Settings } },
      "policies[0].Value",
      "policies[0].Value.Settings",
    ],
    [
      "the wrapping of the reference plugins around v1",
      { name: "EndpointPolicy", value: { Type: "A", Mtu: 1400 } },
      "policies[0].Value",
      "policies[0].Value",
    ],
    ["v1 without wrapping", { Type: "A", Mtu: 1400 }, "policies[0]", "policies[0]"],
    [
      "a value without a name",
      { Value: { Type: "A", Settings } },
      "policies[0].Value",
      "policies[0].Value.Settings",
    ],
    [
      "a name beside the type",
      { Name: "EndpointPolicy", Type: "A", Settings },
      "policies[0]",
      "policies[0].Settings",
    ],
    [
      "keys and name in any case",
      { NAME: "endpointpolicy", VALUE: { TYPE: "A", settings: Settings } },
      "policies[0].Value",
      "policies[0].Value.Settings",
    ],
    [
      "nulls beside what counts",
      { Name: null, Value: null, Type: "A", Settings },
      "policies[0]",
      "policies[0].Settings",
    ],
  ])("is read in %s, and its place is known", (_, given, path, at) => {
    expect(read(given)).toEqual([{ path, at, type: "A", settings: Settings }]);
  });

  it("has no settings where it says none, in whatever way", () => {
    for (const given of [{ Type: "A" }, { Type: "A", Settings: {} }, { Type: "A", Settings: null }])
      expect(read(given)).toMatchObject([{ settings: {} }]);
  });

  it("is one of many, in their order", () => {
    expect(read({ Type: "A" }, { Type: "B" }).map(({ type, path }) => [type, path])).toEqual([
      ["A", "policies[0]"],
      ["B", "policies[1]"],
    ]);
    expect(taken((issues) => readEnvelopes(null, "policies", issues))).toEqual([]);
  });

  it.each<[unknown, string]>([
    ["ACL", 'policies[0]: expected a policy: an object with Type and Settings, received "ACL"'],
    [null, "policies[0]: expected a policy: an object with Type and Settings, received null"],
    [
      [{ Type: "A" }],
      "policies[0]: expected a policy: an object with Type and Settings, received a list of 1",
    ],
    [{}, "policies[0].Type: expected the name of a policy, received nothing"],
    [{ Type: "" }, 'policies[0].Type: expected the name of a policy, received ""'],
    [{ Type: 7 }, "policies[0].Type: expected the name of a policy, received 7"],
    [{ Settings }, "policies[0].Type: expected the name of a policy, received nothing"],
    [
      { Name: "EndpointPolicy" },
      "policies[0].Value: expected a policy: an object with Type and Settings, received nothing",
    ],
    [
      { Name: "EndpointPolicy", Value: [{ Type: "A" }] },
      "policies[0].Value: expected a policy: an object with Type and Settings, received a list of 1",
    ],
    [{ Name: "EndpointPolicy", Value: {} }, "policies[0].Value.Type: expected the name of a policy"],
    [{ Type: "A", Settings: [Settings] }, "policies[0].Settings: expected an object, received a list of 1"],
    [{ Type: "A", Settings: "Mtu=1400" }, 'policies[0].Settings: expected an object, received "Mtu=1400"'],
  ])("is error 7 with its place when it is %j", (given, text) => {
    const error = refusal(() => read(given));
    expect(error).toMatchObject({ code: 7, reason: "config-invalid" });
    expect(error.message).toContain(text);
  });

  it.each<[string, unknown, string]>([
    ["of a network", { Name: "NetworkPolicy", Value: { Type: "VLAN" } }, 'policies[0].Name: "NetworkPolicy"'],
    ["of no kind that is a word", { Name: 5, Value: { Type: "A" } }, "policies[0].Name: 5"],
    ["with a field beside its Settings", { Type: "ACL", Settings, Priority: 5 }, "policies[0].Priority: 5"],
    [
      "with a field beside its Value",
      { Name: "EndpointPolicy", Value: { Type: "ACL", Settings }, Priority: 5 },
      "policies[0].Priority: 5",
    ],
    ["with two types", { Type: "A", Value: { Type: "B" } }, 'policies[0].Type: "A"'],
  ])("is error 2 with key and value when it is one %s", (_, given, text) => {
    const error = refusal(() => read(given));
    expect(error).toMatchObject({ code: 2, reason: "policy-unsupported" });
    expect(error.message).toBe(`${text} is not supported`);
    expect(error.details).toContain("a policy is never ignored");
  });

  it("may bear empty fields that Go writes", () => {
    const given = { Type: "A", Settings, Id: "", Flags: 0, Extra: null, More: [], Inner: {}, Set: false };
    expect(read(given)).toMatchObject([{ settings: Settings }]);
  });

  it("with its Settings misspelt is told so, even where they are empty", () => {
    const error = refusal(() => policies({ Type: "InterfaceParameters", Setting: Settings }));
    expect(error).toMatchObject({ code: 2, reason: "unknown-key" });
    expect(error.message).toBe("unknown key policies[0].Setting: an object; expected the key Settings");
    expect(refusal(() => policies({ Type: "InterfaceParameters", Setings: {} })).message).toContain(
      "Settings",
    );
  });
});
