import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { chooseSource, hostSource } from "../../../../lib/model/path/source.ts";
import { scene } from "./scene.ts";

describe("the source address that the kernel chooses", () => {
  test.each([
    [["10.1.0.2/24"], "198.51.100.9", "10.1.0.1", "10.1.0.2"],
    [["10.1.0.2/24", "10.2.0.2/24"], "198.51.100.9", "10.2.0.1", "10.2.0.2"],
    [["10.1.0.2/24", "10.2.0.2/24"], "198.51.100.9", "10.9.0.1", "10.1.0.2"],
    [["10.1.0.2/24", "fd01::2/64"], "fd01::9", "fd01::9", "fd01::2"],
    [["fd01::2/64"], "10.1.0.9", "10.1.0.9", undefined],
    // The same scope, label, and longest prefix (RFC 6724 5).
    [["fe80::2/64", "fd01::2/64"], "2001:db8::9", "fe80::1", "fd01::2"],
    [["fe80::2/64", "fd01::2/64"], "fe80::9", "fe80::9", "fe80::2"],
    [["fe80::2/64", "fd01::2/64"], "ff02::fb", "ff02::fb", "fe80::2"],
    [["fe80::2/64", "fd01::2/64"], "ff0e::fb", "ff0e::fb", "fd01::2"],
    [["fd01::2/64", "2001:db8::2/64"], "2001:db8:9::9", "fe80::1", "2001:db8::2"],
    [["fd01::2/64", "2001:db8::2/64"], "fd09::9", "fe80::1", "fd01::2"],
    [["2001:db8:1::2/64", "2001:db8:2::2/64"], "2001:db8:2::9", "fe80::1", "2001:db8:2::2"],
    [["2001:db8:1::2/64", "2001:db8:2::2/64"], "2001:db8:1::2", "fe80::1", "2001:db8:1::2"],
    [["2001:db8::2/64", "2002:c000:201::1/48"], "2002:c000:202::1", "fe80::1", "2002:c000:201::1"],
  ])("of %j to %s by %s is %s", (addresses, destination, nextHop, expected) => {
    const { source } = chooseSource(addresses.map(prefix), ip(destination), ip(nextHop));
    expect(source as string | undefined).toBe(expected);
  });

  test("is of another link where its own has none that reaches as far", () => {
    const links = [
      { name: "lo", mtu: 65536, up: true, addresses: ["127.0.0.1/8", "::1/128"] },
      { name: "a", mtu: 1500, up: true, addresses: ["fe80::1/64"] },
      { name: "b", mtu: 1500, up: true, addresses: ["2001:db8::b/64", "192.0.2.11/24"] },
    ].map((link) => ({ ...link, addresses: link.addresses.map(prefix) }));
    const host = scene([], [], { interfaces: links });
    const to = (destination: string) =>
      hostSource(host, "a", ip(destination), ip(destination)).source as string | undefined;
    expect(["2001:db8:9::9", "fe80::9", "198.51.100.9"].map(to)).toEqual([
      "2001:db8::b",
      "fe80::1",
      "192.0.2.11",
    ]);
  });
});
