import fc from "fast-check";
import { expect, test } from "vitest";
import { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { transparentSwitch } from "../../../plugins/transparent/network.ts";
import { seed } from "../../lib/seed.ts";
import { lanHost, transparentConfig } from "./fixture.ts";

const parameters = { seed, numRuns: 600 };

const own = ["switch", "uplink", "master", "mode", "hostAccess", "vlan", "mtu", "dad", "dataDir"];
const others = ["policies", "AdditionalArgs", "guard", "defaultAction", "ipam", "__proto__", "constructor"];
const words = [
  ...["macvlan", "eth0", "eth1", "bridge", "private", "passthru", "/x", "VLAN", "NetAdapterName", "ACL"],
  ...["InterfaceParameters", "EndpointPolicy", "IsolationId", "", "\u0000"],
];
const cased = (name: string) =>
  fc.constantFrom(name, name, name.toLowerCase(), name.toUpperCase(), `${name}s`);
const key = fc.constantFrom(...own, ...others).chain(cased);
const field = fc
  .constantFrom("Name", "Value", "Type", "Settings", "IsolationId", "NetworkAdapterName", "Mtu")
  .chain(cased);

/** JSON made of the keys we read and of values that are nearly right. */
const { value } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(...words),
    fc.constantFrom<unknown>(null, true, false, 0, 1, 7, 500, 1400, 4094, 4095, -1, 65536, 1e300, 1.5),
    tie("object"),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
  // From entries, so that "__proto__" is a key as it is in parsed JSON.
  object: fc
    .array(fc.tuple(field, tie("value")), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
}));

const policy = fc
  .oneof(
    fc
      .constantFrom(7, 8, 4094, 0, "7", undefined)
      .map((IsolationId) => ({ Type: "VLAN", Settings: { IsolationId } })),
    fc
      .constantFrom("eth0", "eth1", "a/b", 7)
      .map((NetworkAdapterName) => ({ Type: "NetAdapterName", Settings: { NetworkAdapterName } })),
    fc.constantFrom(1300, 10).map((Mtu) => ({ Type: "InterfaceParameters", Settings: { Mtu } })),
  )
  .chain((one) => fc.constantFrom<JsonObject>(one, { Name: "EndpointPolicy", Value: one }));
const nearlyRight = fc.record(
  {
    uplink: fc.constantFrom("eth0", "eth0", "eth1"),
    mode: fc.constantFrom("bridge", "private"),
    hostAccess: fc.boolean(),
    vlan: fc.constantFrom(7, 8),
    mtu: fc.constantFrom(0, 1400, 9000),
    dad: fc.constantFrom(true, false, 5),
    policies: fc.array(policy, { maxLength: 2 }),
    AdditionalArgs: fc.array(policy, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const config: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.oneof({ arbitrary: nearlyRight, weight: 3 }, fc.constant({})),
    fc.oneof(
      { arbitrary: fc.constant([] as [string, unknown][]), weight: 2 },
      fc.array(fc.tuple(key, value), { maxLength: 3 }),
    ),
  )
  .map(([right, more]) => ({ ...right, ...Object.fromEntries(more) }));

/** @returns the value, or the code of its refusal; anything but a CniError is thrown on */
function outcome<T>(read: () => T): T | number {
  try {
    return read();
  } catch (error) {
    if (error instanceof CniError) return error.code;
    throw error;
  }
}

test("a configuration is read or refused with error 2 or 7, whatever JSON it is, and what is read makes a switch", () => {
  const seen = new Map<unknown, number>();
  fc.assert(
    fc.property(config, (raw) => {
      const before = structuredClone(raw);
      const read = outcome(() => transparentConfig(raw));
      expect(raw).toEqual(before);
      const kind = typeof read === "number" ? read : "value";
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (typeof read === "number") {
        expect(read).toBeOneOf([2, 7]);
        return;
      }
      expect(JSON.parse(JSON.stringify(read))).toEqual(read);
      expect(read.hostAccess && read.mode !== "bridge").toBe(false);
      if (read.probeMs !== undefined) expect(read.probeMs).toBeGreaterThan(0);
      const vswitch = outcome(() => transparentSwitch("lan", read, lanHost));
      if (typeof vswitch === "number") {
        // An uplink that is not there, or an MTU that it does not carry.
        expect(vswitch).toBe(read.uplink !== undefined && read.uplink !== "eth0" ? 106 : 7);
        return;
      }
      expect(vswitch.vlan).toBe(read.vlan);
      expect(vswitch.mtu).toBeLessThanOrEqual(1500);
    }),
    parameters,
  );
  // Otherwise the generator makes only rubbish and nothing behind the first check is reached.
  for (const kind of [2, 7, "value"]) expect(seen.get(kind) ?? 0).toBeGreaterThan(parameters.numRuns / 50);
});
