import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { type OutBoundNat, translates } from "../../../lib/policy/outbound-nat.ts";

const nat = (exceptions: readonly string[], destinations: readonly string[]): OutBoundNat => ({
  kind: "OutBoundNAT",
  addresses: [ip("10.88.0.5")],
  exceptions: exceptions.map(prefix),
  destinations: destinations.map(prefix),
});

describe("an OutBoundNAT", () => {
  it.each<[string, readonly string[], readonly string[], boolean]>([
    ["without lists translates everything", [], [], true],
    ["does not translate to an exception", ["198.51.100.0/24"], [], false],
    ["translates beside its exceptions", ["192.0.2.0/24", "::/0"], [], true],
    ["translates to a destination", [], ["192.0.2.0/24", "198.51.100.0/24"], true],
    ["translates to nothing beside its destinations", [], ["192.0.2.0/24"], false],
    ["sees an exception above a destination", ["198.51.100.7/32"], ["198.51.100.0/24"], false],
    ["sees an exception above a narrower destination", ["198.51.100.0/24"], ["198.51.100.7/32"], false],
  ])("%s", (_, exceptions, destinations, expected) => {
    expect(translates(nat(exceptions, destinations), ip("198.51.100.7"))).toBe(expected);
  });
});
