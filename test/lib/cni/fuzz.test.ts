import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRuntimeConfig } from "../../../lib/cni/capability.ts";
import { CniError } from "../../../lib/cni/error.ts";
import { parseResult } from "../../../lib/cni/parse-result.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { parseRequest } from "../../../lib/cni/request.ts";
import { emptyResult } from "../../../lib/cni/result.ts";
import { run } from "../../../lib/cni/run.ts";
import { supportedVersions, verbs } from "../../../lib/cni/version.ts";
import { seed } from "../seed.ts";

const parameters = { seed, numRuns: 1500 };
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "eth0", "10.0.0.1/8", "::1", "tcp", "02:00:00:00:00:01", "a b", "../x"),
);
const names = [
  ...[
    "cniVersion",
    "name",
    "type",
    "ipam",
    "dns",
    "args",
    "runtimeConfig",
    "prevResult",
    "capabilities",
    "ipMasq",
  ],
  ...[
    "interfaces",
    "ips",
    "routes",
    "ip4",
    "ip6",
    "ip",
    "address",
    "gateway",
    "interface",
    "mac",
    "dst",
    "gw",
    "mtu",
  ],
  ...[
    "portMappings",
    "hostPort",
    "containerPort",
    "hostIP",
    "protocol",
    "bandwidth",
    "ingressRate",
    "ipRanges",
    "subnet",
  ],
  ...[
    "nameservers",
    "servers",
    "aliases",
    "cni.dev/valid-attachments",
    "cni.dev/attachments",
    "containerID",
    "ifname",
  ],
  ...["__proto__", "constructor", "toString"],
];
const key = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom("as-is", "upper", "capital"))
  .map(([name, how]) =>
    how === "upper" ? name.toUpperCase() : how === "capital" ? name[0]?.toUpperCase() + name.slice(1) : name,
  );
/** JSON made of the keys we read and of values that are nearly right. */
const { value } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    text,
    fc.constantFrom(null, true, 0, -1, 65536, 2 ** 53, 1e300, 1.5),
    tie("object"),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
  // From entries, so that "__proto__" is a key as it is in parsed JSON.
  object: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 8 })
    .map((entries) => Object.fromEntries(entries)),
}));
const version = fc.constantFrom(...supportedVersions);
const configuration = fc.tuple(version, value).map(([cniVersion, rest]) => ({
  ...(typeof rest === "object" ? rest : { ipam: rest }),
  cniVersion,
  name: "net",
}));
const stdin = fc.oneof(
  { arbitrary: configuration.map((conf) => JSON.stringify(conf)), weight: 6 },
  fc.json(),
  text,
  fc.uint8Array(),
);
const variable = fc.oneof({ arbitrary: fc.constantFrom("a", "eth0", "/run/netns/x", ""), weight: 4 }, text);
const env = fc.record({
  CNI_COMMAND: fc.oneof({ arbitrary: fc.constantFrom(...verbs), weight: 8 }, text),
  CNI_CONTAINERID: variable,
  CNI_NETNS: variable,
  CNI_IFNAME: variable,
  CNI_ARGS: fc.oneof({ arbitrary: fc.constantFrom("", "IgnoreUnknown=1;A=b"), weight: 4 }, text),
  CNI_PATH: variable,
});

/** @returns whether it succeeded; anything but a CniError is thrown on */
function succeeds(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof CniError) return false;
    throw error;
  }
}

test("a request is read or refused with a CNI error, whatever the environment and stdin hold", () => {
  let accepted = 0;
  fc.assert(
    fc.property(env, stdin, (variables, input) => {
      if (succeeds(() => parseRequest(variables, input))) accepted++;
    }),
    parameters,
  );
  // Otherwise the generator makes only rubbish and nothing behind the first check is reached.
  expect(accepted).toBeGreaterThan(parameters.numRuns / 20);
});

test("results and capabilities are read or refused with a CNI error", () => {
  fc.assert(
    fc.property(value, version, (json, cniVersion) => {
      succeeds(() => parseResult(json, cniVersion));
      if (typeof json === "object" && json !== null)
        succeeds(() => parseRuntimeConfig(json as JsonObject, "net"));
    }),
    parameters,
  );
});

test("a run prints one JSON document or none, with a code Go can read, and never throws", () => {
  const plugin = { add: () => emptyResult, del: () => undefined, check: () => {} };
  fc.assert(
    fc.property(env, stdin, (variables, input) => {
      const outcome = run({
        env: variables,
        stdin: input,
        verbs: plugin,
        about: { type: "x", version: "0" },
      });
      if (outcome.stdout !== "") {
        const json = JSON.parse(outcome.stdout);
        expect(supportedVersions).toContain(json.cniVersion);
        if (outcome.exitCode === 1) {
          expect(Number.isInteger(json.code) && json.code > 0).toBe(true);
          // 111 is a defect of ours, 999 libcni's word for "unknown".
          expect([111, 999]).not.toContain(json.code);
          expect(json.msg).not.toBe("");
        }
      } else expect(outcome.exitCode).toBe(0);
    }),
    parameters,
  );
});
