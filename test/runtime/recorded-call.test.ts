import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { type CniRequest, parseRequest } from "../../lib/cni/request.ts";
import { type RecordedCall, withoutChance } from "./recorded-call.ts";

interface Recorded {
  readonly actions: readonly { readonly action: string; readonly calls: readonly RecordedCall[] }[];
}

const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/runtime/${name}.json`), "utf8")) as Recorded;
const request = ({ env, stdin }: RecordedCall): CniRequest => parseRequest(env, JSON.stringify(stdin));
const wishes = (call: RecordedCall) => {
  const parsed = request(call);
  if (parsed.verb === "VERSION") throw new Error("VERSION has no configuration");
  return parseRuntimeConfig(parsed.config.runtimeConfig, parsed.config.name);
};

/** The calls of one executable during the actions whose words match. */
function calls(name: string, action: RegExp, plugin = "bridge"): readonly RecordedCall[] {
  const actions = read(name).actions.filter((each) => action.test(each.action));
  return actions.flatMap((each) => each.calls.filter((call) => call.plugin === plugin));
}

describe("what runtimes really send", () => {
  for (const name of ["podman", "ctr", "cri"]) {
    it(`is understood as far as the specification goes: ${name}`, () => {
      const all = read(name).actions.flatMap((action) => action.calls);
      expect(all.length).toBeGreaterThan(5);
      for (const call of all) expect(request(call).verb).toBe(call.env.CNI_COMMAND);
    });
  }

  it("holds podman's ports, address and MAC", () => {
    const [add] = calls("podman", /^run with/).filter((call) => call.env.CNI_COMMAND === "ADD");
    if (add === undefined) throw new Error("no ADD recorded");
    expect(wishes(add).portMappings).toEqual([
      { protocol: "tcp", hostPort: 8081, containerPort: 8080 },
      ...[9000, 9001, 9002].map((port) => ({ protocol: "sctp", hostPort: port, containerPort: port })),
      { protocol: "udp", hostPort: 8053, containerPort: 53, hostIp: "192.0.2.1" },
    ]);
    expect(wishes(add).aliases).toContain("web");
    expect(request(add)).toMatchObject({ args: { ignoreUnknown: true, malformed: [] } });
    const { args } = request(add) as Extract<CniRequest, { readonly verb: "ADD" }>;
    expect([args.values.get("IP"), args.values.get("MAC")]).toEqual(["10.77.0.99", "02:00:00:00:00:99"]);
  });

  it("holds containerd's ports, bandwidth and annotations, in Go's spelling of the keys", () => {
    const [add] = calls("cri", /^RunPodSandbox with/);
    if (add === undefined) throw new Error("no ADD recorded");
    const { portMappings, bandwidth, podAnnotations } = wishes(add);
    expect(portMappings).toEqual([
      { protocol: "tcp", hostPort: 8082, containerPort: 8080 },
      { protocol: "udp", hostPort: 8053, containerPort: 53, hostIp: "192.0.2.1" },
      { protocol: "sctp", hostPort: 9000, containerPort: 9000 },
    ]);
    expect(bandwidth).toMatchObject({
      ingress: { bitsPerSecond: 10_000_000 },
      egress: { bitsPerSecond: 20_000_000 },
    });
    expect(podAnnotations).toMatchObject({ "example.org/note": "yes" });
  });

  it("holds null for the annotations of a pod that has none", () => {
    const [add] = calls("cri", /^RunPodSandbox$/);
    expect(add?.stdin).toMatchObject({ runtimeConfig: { "io.kubernetes.cri.pod-annotations": null } });
    if (add !== undefined) expect(wishes(add).portMappings).toEqual([]);
  });

  it("is a DEL without a namespace, and later without prevResult, from containerd and ctr", () => {
    const again = [...calls("cri", /once more$/), ...calls("cri", /^RemovePodSandbox$/)];
    const dels = [...calls("ctr", /^end/), ...calls("cri", /removed by hand$/), ...again];
    expect(dels.length).toBeGreaterThanOrEqual(5);
    for (const del of dels) expect(request(del)).toMatchObject({ verb: "DEL", netns: undefined });
    for (const del of again) expect(request(del)).toMatchObject({ config: { prevResult: undefined } });
  });
});

describe("a recording", () => {
  it("gives equal random identifiers equal names and keeps the rest", () => {
    const ids = ["a".repeat(64), "b".repeat(64), "a".repeat(64)];
    const [first, second, third] = withoutChance({ ids, kept: "02:00:00:00:00:99" }).ids;
    expect(first).toBe(third);
    expect(first).not.toBe(second);
    expect(withoutChance({ kept: "02:00:00:00:00:99" })).toEqual({ kept: "02:00:00:00:00:99" });
  });

  it("names no place of the machine it was made on", () => {
    for (const name of ["podman", "ctr", "cri"]) {
      const paths = JSON.stringify(read(name)).match(/(?<=[":=])\/[a-z][^":]*/g) ?? [];
      const usual = /^\/(?:opt\/cni\/bin|usr\/lib\/cni|(?:var\/)?run\/netns\/[^/]+|proc\/\d+\/ns\/net)$/;
      expect(paths.length).toBeGreaterThan(5);
      expect(paths.filter((path) => !usual.test(path))).toEqual([]);
    }
  });
});
