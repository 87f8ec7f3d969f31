import { describe, expect, it } from "vitest";
import { parseRuntimeConfig } from "../../../lib/cni/capability.ts";
import { allowIn, annotation, policy, portConfig, refusal } from "./fixture.ts";

const rule = (Id: string, more = {}) => policy("ACL", { ...allowIn, Id, ...more });
const where = "annotation vswitch-cni/policies";
const idsOf = (value: unknown, network?: string) =>
  portConfig({}, annotation(value), network).acls.map(({ id }) => id);

describe("the annotation of a pod", () => {
  it("is a list of policies for each network that asks for it, or one list for each network", () => {
    expect(idsOf([rule("a")])).toEqual(["a"]);
    expect(idsOf([rule("a")], "other")).toEqual(["a"]);
    const each = { net: [rule("n")], other: [rule("o")] };
    expect(idsOf(each)).toEqual(["n"]);
    expect(idsOf(each, "other")).toEqual(["o"]);
    expect(idsOf(each, "third")).toEqual([]);
  });

  it("is nothing where it is absent or without text", () => {
    for (const none of ["", "  ", "[]", "{}"])
      expect(portConfig({}, annotation(none))).toEqual(portConfig({}));
    expect(portConfig({}, { podAnnotations: {} })).toEqual(portConfig({}));
    expect(portConfig({}, { podAnnotations: { "vswitch-cni/policies": null } })).toEqual(portConfig({}));
  });

  it("comes from runtimeConfig under containerd's key", () => {
    const annotations = { "vswitch-cni/policies": JSON.stringify([rule("a")]), "example.org/note": "yes" };
    const runtime = parseRuntimeConfig({ "io.kubernetes.cri.pod-annotations": annotations }, "net");
    expect(portConfig({}, runtime).acls).toHaveLength(1);
    const none = parseRuntimeConfig({ "io.kubernetes.cri.pod-annotations": null }, "net");
    expect(portConfig({}, none)).toEqual(portConfig({}));
  });

  it("has every policy that a configuration has", () => {
    const read = portConfig(
      {},
      annotation([
        policy("PortMapping", { InternalPort: 80, ExternalPort: 8080 }),
        policy("QOS", { MaximumOutgoingBandwidthInBytes: 1000 }),
        policy("InterfaceParameters", { Mtu: 1400 }),
        policy("OutBoundNAT", { VirtualIP: "192.0.2.7" }),
      ]),
    );
    expect(read).toMatchObject({
      portMappings: [{ hostPort: 8080 }],
      qos: { out: { bytesPerSecond: 1000 } },
      mtu: 1400,
      configuredNat: [],
      annotatedNat: [{ virtualIp: "192.0.2.7" }],
    });
  });

  it.each<[string, unknown, string]>([
    [
      "no JSON",
      "{Type: ACL}",
      `${where}: expected JSON: a list of policies, or an object with one list for each network, received "{Type: ACL}"`,
    ],
    ["JSON of something else", "5", `${where}: expected JSON: a list of policies`],
    ["null", "null", `${where}: expected JSON: a list of policies`],
    ["a text in JSON", '"[]"', `${where}: expected JSON: a list of policies`],
    [
      "a policy that lost its brackets",
      rule("a"),
      `${where}: Type: expected a list of policies, received "ACL"`,
    ],
    [
      "a network with a policy instead of a list",
      { net: rule("a") },
      `${where}: net: expected a list of policies, received an object`,
    ],
    [
      "another network with something else",
      { other: false },
      `${where}: other: expected a list of policies, received false`,
    ],
    [
      "a policy with a fault",
      [rule("a", { Action: "Deny" })],
      `${where}[0].Settings.Action: expected Allow or Block, received "Deny"`,
    ],
    ["a fault in the list of a network", { net: [5] }, `${where}: net[0]: expected a policy`],
  ])("is error 7 with its place when it is %s", (_, value, text) => {
    const error = refusal(() => portConfig({}, annotation(value)));
    expect(error).toMatchObject({ code: 7, reason: "config-invalid" });
    expect(`${error.message}\n${error.details}`).toContain(text);
  });

  it("is error 7 when it is no text, which no runtime sends", () => {
    for (const value of [[rule("a")], { toString: 5 }, 7]) {
      const runtime = { podAnnotations: { "vswitch-cni/policies": value } };
      expect(refusal(() => portConfig({}, runtime))).toMatchObject({ code: 7 });
    }
  });

  it("names a network whose name every object has", () => {
    expect(idsOf('{"constructor": []}', "constructor")).toEqual([]);
    expect(idsOf("{}", "constructor")).toEqual([]);
    expect(idsOf(`{"__proto__": [${JSON.stringify(rule("p"))}]}`, "__proto__")).toEqual(["p"]);
  });

  it.each<[string, unknown, number]>([
    ["by a key of the configuration", { guard: false }, 7],
    ["for a network of that name", { guard: false, net: [] }, 7],
    ["by a policy", [{ Type: "Guard", Settings: { Enable: false } }], 2],
    ["by a key beside a policy", [{ ...rule("a"), guard: false, allow: ["router"] }], 2],
  ])("cannot turn the guard off: %s", (_, value, code) => {
    expect(refusal(() => portConfig({}, annotation(value)))).toMatchObject({ code });
  });

  it("cannot change guard or default action", () => {
    const config = { guard: { allow: ["router"] }, defaultAction: "Block" };
    const { guard, aclDefault } = portConfig(config, annotation([rule("a")]));
    expect(guard).toEqual({ allow: ["router"], addresses: [] });
    expect(aclDefault).toEqual({ In: "Block", Out: "Block" });
  });

  it("has ACLs that are judged after the last of the configuration", () => {
    const last = rule("operator's", { Priority: 65535, Action: "Block" });
    const { acls } = portConfig(
      { policies: [last] },
      annotation([rule("pod's"), rule("later", { Priority: 7 })]),
    );
    expect(acls.map(({ id, priority }) => [id, priority])).toEqual([
      ["operator's", 65535],
      ["pod's", 65536],
      ["later", 65543],
    ]);
  });

  it("cannot raise a limit", () => {
    const limit = (bytes: number) => policy("QOS", { MaximumOutgoingBandwidthInBytes: bytes });
    const read = (pod: number) => portConfig({ policies: [limit(1000)] }, annotation([limit(pod)])).qos;
    expect(read(5000)).toEqual({ kind: "QOS", out: { bytesPerSecond: 1000 } });
    expect(read(500)).toEqual({ kind: "QOS", out: { bytesPerSecond: 500 } });
    expect(read(0)).toEqual({ kind: "QOS", out: { bytesPerSecond: 1000 } });
  });
});
