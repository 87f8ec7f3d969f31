import fc from "fast-check";
import { expect, test } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { overlaps } from "../../../lib/addr/prefix.ts";
import { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { portLayers, splitAddresses } from "../../../lib/policy/port-policies.ts";
import { seed } from "../seed.ts";
import { annotation, portConfig } from "./fixture.ts";

const parameters = { seed, numRuns: 800 };

const types = [
  "ACL",
  "QOS",
  "PortMapping",
  "OutBoundNAT",
  "InterfaceParameters",
  "NAT",
  "L4Proxy",
  "constructor",
];
const fields = [
  ...["Action", "Direction", "Protocols", "LocalAddresses", "RemoteAddresses", "LocalPorts", "RemotePorts"],
  ...["RuleType", "Priority", "Id", "Protocol", "LocalPort", "RemotePort", "InternalPort", "ExternalPort"],
  ...["VIP", "Flags", "Exceptions", "Destinations", "VirtualIP", "ExceptionList", "Mtu"],
  ...["MaximumOutgoingBandwidthInBytes", "Name", "Value", "Type", "Settings"],
  ...["allow", "addresses", "In", "Out", "net", "__proto__", "constructor", "toString", "valueOf"],
];
const words = [
  ...[
    "Allow",
    "Block",
    "In",
    "Out",
    "Switch",
    "EndpointPolicy",
    "tcp",
    "6,17",
    "256",
    "80",
    "80-90, 443",
    "0",
  ],
  ...["10.0.0.0/8", "10.0.0.1,fd00::1", "::/0", "192.0.2.7", "", ",", "router", "dhcp-server"],
];
const key = fc
  .tuple(fc.constantFrom(...fields), fc.constantFrom("as-is", "as-is", "lower", "upper"))
  .map(([name, how]) => (how === "upper" ? name.toUpperCase() : how === "lower" ? name.toLowerCase() : name));

/** JSON made of the keys we read and of values that are nearly right. */
const { value, object } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(...words, ...types),
    fc.constantFrom<unknown>(null, true, false, 0, 1, 80, 1400, -1, 65536, 2 ** 53, 1e300, 1.5),
    fc.string({ unit: "binary" }),
    tie("object"),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
  // From entries, so that "__proto__" is a key as it is in parsed JSON.
  object: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 6 })
    .map((entries) => Object.fromEntries(entries)),
}));

const list = (...from: readonly string[]) =>
  fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: 3 }).map((items) => items.join(","));
const addresses = list("10.0.0.0/8", "10.88.0.5", "10.88.0.0/16", "fd00::/8", "0.0.0.0/0");
const sometimes = <T>(from: fc.Arbitrary<T>) => fc.option(from, { nil: undefined, freq: 2 });

/** ACLs that are right, save that a rule may be one that no packet can meet. */
const acl = fc.record({
  Action: fc.constantFrom("Allow", "Block"),
  Direction: fc.constantFrom("In", "Out"),
  Protocols: sometimes(list("6", "17", "132")),
  LocalAddresses: sometimes(addresses),
  RemoteAddresses: sometimes(addresses),
  LocalPorts: sometimes(list("80", "443", "8000-8010", "8005-9000")),
  Priority: sometimes(fc.integer({ min: 0, max: 65535 })),
});
const nearlyRight = fc
  .tuple(
    acl,
    fc.oneof({ arbitrary: fc.constant([]), weight: 4 }, fc.array(fc.tuple(key, value), { maxLength: 1 })),
  )
  .map(([Settings, more]) => ({ Type: "ACL", Settings: { ...Settings, ...Object.fromEntries(more) } }));
const loose = fc.record({ Type: fc.constantFrom(...types), Settings: object });
const wrapped = fc.oneof(nearlyRight, loose).map((Value) => ({ Name: "EndpointPolicy", Value }));
const policies = fc.oneof(
  { arbitrary: fc.array(nearlyRight, { maxLength: 3 }), weight: 4 },
  { arbitrary: fc.array(fc.oneof(nearlyRight, wrapped, loose, value), { maxLength: 3 }), weight: 4 },
  value,
);
const mostlyAbsent = fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, value);

/** @returns the value, or the code of its refusal; anything but a CniError is thrown on */
function outcome<T>(read: () => T): T | 2 | 7 {
  try {
    return read();
  } catch (error) {
    if (error instanceof CniError && (error.code === 2 || error.code === 7)) return error.code;
    throw error;
  }
}

const own = [ip("10.88.0.5"), ip("fd00::5")];

test("policies are read or refused with error 2 or 7, whatever JSON they are, and what is read makes layers", () => {
  const seen = new Map<unknown, number>();
  fc.assert(
    fc.property(
      policies,
      policies,
      mostlyAbsent,
      mostlyAbsent,
      (AdditionalArgs, list, guard, defaultAction) => {
        const config = { AdditionalArgs, policies: list, ...entry({ guard }), ...entry({ defaultAction }) };
        const read = outcome(() => portConfig(config));
        const kind = typeof read === "number" ? read : "value";
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (typeof read === "number") return;
        const layers = portLayers(
          { ...read, outboundNat: read.configuredNat },
          { mac: mac("02:00:00:00:00:01"), addresses: own },
        );
        expect(JSON.parse(JSON.stringify(layers))).toEqual(layers);
        expect(read.acls.length === 0 || layers.aclDefault !== undefined).toBe(true);
        splitAddresses(read.acls, own);
        for (const { localAddresses, remoteAddresses, localPorts, remotePorts } of read.acls) {
          for (const prefixes of [localAddresses, remoteAddresses])
            expect(meeting(prefixes, overlaps)).toEqual([]);
          for (const ranges of [localPorts, remotePorts])
            expect(meeting(ranges, (one, other) => one.last + 1 >= other.first)).toEqual([]);
        }
      },
    ),
    parameters,
  );
  // Otherwise the generator makes only rubbish and nothing behind the first check is reached.
  for (const kind of [2, 7, "value"]) expect(seen.get(kind) ?? 0).toBeGreaterThan(parameters.numRuns / 50);
});

/** Items that have something in common with a later one. */
const meeting = <T>(items: readonly T[], meet: (one: T, later: T) => boolean): readonly T[] =>
  items.filter((one, i) => items.slice(i + 1).some((later) => meet(one, later)));

/** Parsed JSON has no key without a value. */
const entry = (one: JsonObject): JsonObject => (Object.values(one)[0] === undefined ? {} : one);

test("an annotation is read or refused with error 2 or 7, whatever its text, and never touches the guard", () => {
  const text = fc.oneof(
    policies.map((json) => JSON.stringify(json)),
    fc.dictionary(fc.constantFrom("net", "other", "guard"), policies).map((json) => JSON.stringify(json)),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(text, (given) => {
      const read = outcome(() => portConfig({}, annotation(given)));
      if (typeof read !== "number") expect(read.guard).toEqual({ allow: [], addresses: [] });
    }),
    parameters,
  );
});
