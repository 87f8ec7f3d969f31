import { describe, expect, it } from "vitest";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { combineNat } from "../../../lib/hcn/combine-nat.ts";
import type { OutBoundNatRequest } from "../../../lib/hcn/outbound-nat.ts";
import { policies, policy, refusal, taken } from "./fixture.ts";

const nat = (settings: JsonObject): OutBoundNatRequest => {
  const [read] = policies(policy("OutBoundNAT", settings)).outboundNat;
  if (read === undefined) throw new Error("no OutBoundNAT came of it");
  return read;
};

describe("an OutBoundNAT", () => {
  it.each<[string, JsonObject, JsonObject]>([
    ["no settings", {}, {}],
    [
      "what Go writes for fields that were never set",
      { Exceptions: [], VirtualIP: "", Destinations: [], Flags: 0 },
      {},
    ],
    [
      "exceptions",
      { Exceptions: ["10.0.0.0/8", "192.0.2.1"] },
      { exceptions: ["10.0.0.0/8", "192.0.2.1/32"] },
    ],
    [
      "exceptions inside each other",
      { Exceptions: ["10.1.0.0/16", "10.9.9.9/8"] },
      { exceptions: ["10.0.0.0/8"] },
    ],
    ["destinations", { Destinations: ["198.51.100.0/24"] }, { destinations: ["198.51.100.0/24"] }],
    ["a virtual address", { VirtualIP: "192.0.2.7" }, { virtualIp: "192.0.2.7" }],
    ["one of IPv6", { VirtualIP: "2001:DB8::7" }, { virtualIp: "2001:db8::7" }],
    [
      "HCN v1's names",
      { VIP: "192.0.2.7", ExceptionList: ["10.0.0.0/8"] },
      { virtualIp: "192.0.2.7", exceptions: ["10.0.0.0/8"] },
    ],
  ])("takes %s", (_, settings, expected) => {
    expect(nat(settings)).toEqual({ exceptions: [], destinations: [], ...expected });
  });

  it("is read in the shape that win-bridge takes", () => {
    const value = { Type: "OutBoundNAT", ExceptionList: ["10.244.0.0/16", "10.96.0.0/12"] };
    expect(policies({ name: "EndpointPolicy", value }).outboundNat).toEqual([
      { exceptions: ["10.244.0.0/16", "10.96.0.0/12"], destinations: [] },
    ]);
  });

  it.each<[JsonObject, string]>([
    [{ Exceptions: "10.0.0.0/8" }, '.Exceptions: expected a list, received "10.0.0.0/8"'],
    [{ Exceptions: ["nothing"] }, '.Exceptions: expected prefixes such as 10.0.0.0/8, received "nothing"'],
    [{ ExceptionList: [5] }, ".ExceptionList[0]: expected a string, received 5"],
    [{ Destinations: ["10.0.0.0/33"] }, ".Destinations: expected prefixes such as 10.0.0.0/8"],
    [{ VirtualIP: "gateway" }, '.VirtualIP: expected an IP address, received "gateway"'],
    [{ VirtualIP: "10.0.0.0/8" }, ".VirtualIP: expected an IP address"],
    [{ VirtualIP: 5 }, ".VirtualIP: expected a string, received 5"],
    [{ VirtualIP: "0.0.0.0" }, ".VirtualIP: expected an address that others can answer to"],
    [{ VirtualIP: "::" }, ".VirtualIP: expected an address that others can answer to"],
    [{ VirtualIP: "127.0.0.1" }, ".VirtualIP: expected an address that others can answer to"],
    [{ VIP: "239.1.2.3" }, ".VIP: expected an address that others can answer to"],
    [{ VirtualIP: "ff02::1" }, ".VirtualIP: expected an address that others can answer to"],
    [{ VIP: "192.0.2.7", VirtualIP: "192.0.2.8" }, '.VIP: expected either it or VirtualIP, received "both"'],
    [
      { VirtualIP: "192.0.2.7", Destinations: ["fd00::/8"] },
      '.Destinations: expected prefixes of the family of 192.0.2.7, received "fd00::/8"',
    ],
  ])("is error 7 when its settings are %j", (settings, text) => {
    const error = refusal(() => nat(settings));
    expect(error).toMatchObject({ code: 7 });
    expect(error.message).toContain(`policies[0].Settings${text}`);
  });

  it.each<[JsonObject, string]>([
    [{ MaxPortPoolUsage: 100 }, ".MaxPortPoolUsage: 100 is not supported"],
    [{ Flags: 1 }, ".Flags: 1 is not supported"],
  ])("is error 2 when its settings are %j", (settings, text) => {
    expect(refusal(() => nat(settings)).message).toBe(`policies[0].Settings${text}`);
  });
});

describe("several OutBoundNAT of one port", () => {
  const one = (settings: JsonObject) => nat(settings);
  const combine = (...all: readonly OutBoundNatRequest[]) => taken((issues) => combineNat(all, [], issues));
  const toTen = { Destinations: ["10.0.0.0/8"] };

  it("are none for none, whatever the network excepts", () => {
    expect(taken((issues) => combineNat([], [prefix("10.0.0.0/8")], issues))).toEqual([]);
  });

  it("except together, and with their network", () => {
    const all = [one({ Exceptions: ["10.0.0.0/8"] }), one({ Exceptions: ["10.5.0.0/16", "192.0.2.0/24"] })];
    expect(taken((issues) => combineNat(all, [prefix("172.16.0.0/12")], issues))).toEqual([
      { exceptions: ["172.16.0.0/12", "10.0.0.0/8", "192.0.2.0/24"], destinations: [] },
    ]);
  });

  it("are one where they give the same source address", () => {
    const a = { ...toTen, VirtualIP: "192.0.2.7" };
    const b = { Destinations: ["10.1.0.0/16", "198.51.100.0/24"], VIP: "192.0.2.7" };
    expect(combine(one(a), one(b))).toEqual([
      { exceptions: [], destinations: ["10.0.0.0/8", "198.51.100.0/24"], virtualIp: "192.0.2.7" },
    ]);
    expect(combine(one(a), one({ VirtualIP: "192.0.2.7" }))).toEqual([
      { exceptions: [], destinations: [], virtualIp: "192.0.2.7" },
    ]);
  });

  it("stand with a virtual address first, which holds where two are for one connection", () => {
    const all = combine(one({}), one({ ...toTen, VirtualIP: "192.0.2.8" }));
    expect(all.map(({ virtualIp }) => virtualIp)).toEqual(["192.0.2.8", undefined]);
    const narrow = combine(one(toTen), one({ VirtualIP: "192.0.2.8" }));
    expect(narrow.map(({ virtualIp }) => virtualIp)).toEqual(["192.0.2.8", undefined]);
  });

  it.each<[string, readonly JsonObject[]]>([
    ["virtual addresses of two families", [{ VirtualIP: "192.0.2.7" }, { VirtualIP: "2001:db8::7" }]],
    [
      "destinations that do not meet",
      [
        { ...toTen, VirtualIP: "192.0.2.7" },
        { Destinations: ["192.0.2.0/24"], VirtualIP: "192.0.2.8" },
      ],
    ],
    [
      "destinations that meet in a family that one does not serve",
      [
        { Destinations: ["10.0.0.0/8", "fd00::/8"], VirtualIP: "192.0.2.7" },
        { Destinations: ["fd00::/8"], VirtualIP: "2001:db8::7" },
      ],
    ],
  ])("may have %s", (_, settings) => {
    expect(combine(...settings.map(one))).toHaveLength(2);
  });

  it.each<[string, readonly JsonObject[], string]>([
    [
      "everywhere",
      [{ VirtualIP: "192.0.2.7" }, { VirtualIP: "192.0.2.8" }],
      'to 0.0.0.0/0, received "192.0.2.7 and 192.0.2.8"',
    ],
    [
      "in a part of their destinations",
      [
        { Destinations: ["10.1.0.0/16"], VirtualIP: "192.0.2.7" },
        { ...toTen, VirtualIP: "192.0.2.8" },
      ],
      'to 10.1.0.0/16, received "192.0.2.7 and 192.0.2.8"',
    ],
    [
      "where one is for everywhere",
      [{ VirtualIP: "2001:db8::7" }, { Destinations: ["fd00::/8"], VirtualIP: "2001:db8::8" }],
      'to ::/0, received "2001:db8::7 and 2001:db8::8"',
    ],
  ])("are error 7 where two virtual addresses claim a connection: %s", (_, settings, text) => {
    const error = refusal(() => combine(...settings.map(one)));
    expect(error).toMatchObject({ code: 7 });
    expect(error.message).toContain(`OutBoundNAT: expected one VirtualIP for connections ${text}`);
  });
});
