import fc from "fast-check";
import { expect, test } from "vitest";
import { contains, networkOf, prefixAddress } from "../../../lib/addr/prefix.ts";
import { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { overlaySettings, overlaySwitch } from "../../../plugins/overlay/network.ts";
import { overlay } from "../../../plugins/overlay/plugin.ts";
import { seed } from "../../lib/seed.ts";
import { least, overlayConfig, underlayHost } from "./fixture.ts";

const parameters = { seed, numRuns: 800 };

const own = [
  "vni",
  "mode",
  "subnet",
  "subnets",
  "cidrs",
  "blockBits",
  "udpPort",
  "vtep",
  "vtepMac",
  "strict",
  "flood",
];
const others = [
  "directory",
  "endpointMacPrefix",
  "ipMasqNetwork",
  "policies",
  "AdditionalArgs",
  "uplink",
  "mtu",
  "ipam",
  "__proto__",
];
const words = [
  ...[
    "eth0",
    "routed",
    "stretched",
    "static",
    "etcd",
    "10.40.2.0/24",
    "192.0.2.2",
    "2001:db8::2",
    "0E-2A",
    "0e:2a:c0:00:02:02",
  ],
  ...["NetworkPolicy", "EndpointPolicy", "VSID", "RemoteSubnetRoute", "ProviderAddress", "", "\u0000"],
];
const cased = (name: string) =>
  fc.constantFrom(name, name, name.toLowerCase(), name.toUpperCase(), `${name}s`);
const key = fc.constantFrom(...own, ...others).chain(cased);
const field = fc
  .constantFrom(
    ...[
      "Name",
      "Value",
      "Type",
      "Settings",
      "IsolationId",
      "Port",
      "ProviderAddress",
      "DestinationPrefix",
      "Policies",
    ],
    ...[
      "IpAddressPrefix",
      "Routes",
      "NextHop",
      "type",
      "peers",
      "vtep",
      "mac",
      "subnets",
      "endpoints",
      "prefix",
    ],
  )
  .chain(cased);

/** JSON made of the keys we read and of values that are nearly right. */
const { value } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(...words),
    fc.constantFrom<unknown>(null, true, false, 0, 1, 24, 4097, 4789, 65_536, -1, 0x100_0000, 1e300, 1.5),
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
      .constantFrom(4097, 4097, 4098, "4097", undefined)
      .map((IsolationId) => ({ Type: "VSID", Settings: { IsolationId } })),
    fc.constantFrom(4789, 8472, 0).map((Port) => ({ Type: "VxlanPort", Settings: { Port } })),
    fc
      .constantFrom("192.0.2.1", "192.0.2.9", "x")
      .map((ProviderAddress) => ({ Type: "ProviderAddress", Settings: { ProviderAddress } })),
    fc
      .constantFrom("00-15-5D-01-02-03", "01-00-5E-01-02-03")
      .map((Address) => ({ Type: "DrMacAddress", Settings: { Address } })),
    fc
      .record({
        DestinationPrefix: fc.constantFrom("10.40.2.0/24", "10.40.3.0/24", "fd00:40:3::/64", "10.40.1.0/26"),
        IsolationId: fc.constantFrom(4097, 4097, 4097, 5000),
        ProviderAddress: fc.constantFrom("192.0.2.2", "192.0.2.3", "2001:db8::3"),
        DistributedRouterMacAddress: fc.constantFrom("00-15-5D-00-00-02", "00-15-5D-00-00-03", undefined),
      })
      .map((Settings) => ({ Type: "RemoteSubnetRoute", Settings })),
    fc.constant({ Type: "HostRoute", Settings: {} }),
    fc
      .constantFrom(true, false)
      .map((NeedEncap) => ({ Type: "SDNRoute", Settings: { DestinationPrefix: "10.96.0.0/12", NeedEncap } })),
    fc.constant({ Type: "OutBoundNAT", Settings: { Exceptions: ["10.0.0.0/8"] } }),
    fc.constant({ Type: "ACL", Settings: { Action: "Allow", Direction: "Out" } }),
  )
  .chain((one) =>
    fc.constantFrom<JsonObject>(
      one,
      { Name: "EndpointPolicy", Value: one },
      { Name: "NetworkPolicy", Value: one },
    ),
  );
const subnet = fc.constantFrom<unknown>(
  "10.40.1.0/24",
  { IpAddressPrefix: "10.40.1.0/24", Policies: [{ Type: "VSID", Settings: { IsolationId: 4097 } }] },
  { AddressPrefix: "10.40.1.0/24", GatewayAddress: "10.40.1.1" },
  { IpAddressPrefix: "fd00:40:1::/64", Routes: [{ NextHop: "fd00:40:1::1", DestinationPrefix: "::/0" }] },
  7,
);
const peers = fc.array(
  fc.record(
    {
      vtep: fc.constantFrom("192.0.2.2", "192.0.2.3", "2001:db8::2"),
      mac: fc.constantFrom("02:00:00:00:00:02", "02:00:00:00:00:03"),
      subnets: fc.array(fc.constantFrom("10.40.2.0/24", "10.40.3.0/24"), { maxLength: 2 }),
    },
    { requiredKeys: ["vtep"] },
  ),
  { maxLength: 2 },
);
const nearlyRight = fc.record(
  {
    vni: fc.constantFrom(4097, 4097, 7),
    subnets: fc.array(subnet, { maxLength: 2 }),
    cidrs: fc.constantFrom(["10.40.0.0/16"]),
    mode: fc.constantFrom("routed", "routed", "stretched"),
    directory: fc.oneof(
      peers.map((list) => ({ type: "static", peers: list })),
      fc.constantFrom({ type: "etcd", endpoints: ["http://192.0.2.9:2379"] }),
    ),
    endpointMacPrefix: fc.constantFrom("0E-2A", "02-1C"),
    ipMasqNetwork: fc.constantFrom("10.40.0.0/16"),
    policies: fc.array(policy, { maxLength: 2 }),
    AdditionalArgs: fc.array(policy, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const config: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.oneof({ arbitrary: nearlyRight, weight: 3 }, fc.constant({})),
    fc.constantFrom(least, least, {}),
    fc.oneof(
      { arbitrary: fc.constant([] as [string, unknown][]), weight: 2 },
      fc.array(fc.tuple(key, value), { maxLength: 3 }),
    ),
  )
  .map(([right, rest, more]) => ({ ...rest, ...right, ...Object.fromEntries(more) }));

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
      overlay.nativeIpam(raw);
      const read = outcome(() => overlayConfig(raw));
      expect(raw).toEqual(before);
      const kind = typeof read === "number" ? read : "value";
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (typeof read === "number") {
        expect(read).toBeOneOf([2, 7]);
        return;
      }
      expect(JSON.parse(JSON.stringify(read))).toEqual(read);
      expect(read.vni).toBeGreaterThan(0);
      expect(Object.values(overlaySettings(read)).every((text) => typeof text === "string")).toBe(true);
      if (read.directory.type === "static") {
        const { peers: all } = read.directory;
        for (const of of ["vtep", "mac"] as const)
          expect(new Set(all.map((one) => one[of])).size).toBe(all.length);
        const remote = all.flatMap(({ subnets }) => subnets.map(networkOf));
        expect(new Set(remote).size).toBe(remote.length);
        for (const one of read.subnets)
          expect(remote.filter((other) => contains(one, prefixAddress(other)) && one === other)).toEqual([]);
      }
      const vswitch = outcome(() => overlaySwitch("blue", read, underlayHost));
      if (typeof vswitch === "number") {
        // An uplink or an address that is not there, an MTU that it does not carry, itself as a peer.
        expect(vswitch).toBeOneOf([7, 106]);
        return;
      }
      expect(vswitch).toMatchObject({ vni: read.vni, mode: read.mode });
      expect(vswitch.mtu).toBeLessThanOrEqual(1450);
    }),
    parameters,
  );
  // Otherwise the generator makes only rubbish and nothing behind the first check is reached.
  for (const kind of [2, 7, "value"]) expect(seen.get(kind) ?? 0).toBeGreaterThan(parameters.numRuns / 50);
});
