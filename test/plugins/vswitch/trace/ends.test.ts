import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { parsePort, parseStart, parseTarget } from "../../../../plugins/vswitch/trace/ends.ts";
import { usual } from "../../../lib/model/path/story.ts";

const { scene, endpoints, networks } = usual();
const keyOf = (name: keyof typeof endpoints) => endpoints[name].key;

describe("the sender of a traced packet", () => {
  test.each([
    ["nat/web/eth0", "web"],
    ["nat/web", "web"],
    ["web", "web"],
    ["other", "far"],
    ["10.1.0.3", "db"],
    ["fd02::2", "far"],
    [endpoints.web.port.name, "web"],
    [endpoints.db.key, "db"],
  ] as const)("%s is endpoint %s", (text, name) => {
    expect(parseStart(text, scene).start).toEqual({ kind: "endpoint", key: keyOf(name) });
  });

  test("of an address sends from it", () => {
    expect(parseStart("fd01::2", scene)).toMatchObject({ source: "fd01::2", families: [6] });
  });

  test.each([
    ["host", { kind: "host" }],
    ["192.0.2.10", { kind: "host" }],
    ["10.1.0.1", { kind: "host" }],
    ["127.0.0.1", { kind: "host" }],
    ["198.51.100.7", { kind: "outside" }],
  ])("%s is %j", (text, start) => {
    expect(parseStart(text, scene).start).toEqual(start);
  });

  test.each([
    ["nat", /may be nat\/web\/eth0 or nat\/db\/eth0/],
    ["eth0", /may be nat\/web\/eth0 or nat\/db\/eth0 or other\/far\/eth0/],
    ["nobody", /no endpoint is called "nobody"; there are nat\/web\/eth0, nat\/db\/eth0/],
    ["10.1.0", /no endpoint is called/],
    ["10.1.0.77", /no endpoint of network nat has 10.1.0.77; there are nat\/web\/eth0, nat\/db\/eth0/],
  ])("%s is refused with the choices", (text, message) => {
    expect(() => parseStart(text, scene)).toThrow(message);
  });

  test("that is an address of two is refused with the choices", () => {
    const twice = {
      ...scene,
      endpoints: [...scene.endpoints, { ...endpoints.far, vnic: endpoints.web.vnic }],
    };
    expect(() => parseStart("10.1.0.2", twice)).toThrow(/may be nat\/web\/eth0 or other\/far\/eth0/);
  });
});

describe("the destination of a traced packet", () => {
  test.each([
    ["198.51.100.9", { address: ip("198.51.100.9") }],
    ["198.51.100.9:443", { address: ip("198.51.100.9"), port: 443 }],
    ["fd01::3", { address: ip("fd01::3") }],
    ["[fd01::3]:80", { address: ip("fd01::3"), port: 80 }],
    ["[fd01::3]", { address: ip("fd01::3") }],
    ["db:5432", { address: ip("10.1.0.3"), port: 5432 }],
    ["nat/db/eth0", { address: ip("10.1.0.3") }],
    [networks.other.name, { address: ip("10.2.0.2") }],
  ])("%s is %j", (text, expected) => {
    expect(parseTarget(text, scene, [4, 6])).toEqual(expected);
  });

  test("is of a family that the sender has", () => {
    expect(parseTarget("db:80", scene, [6])).toEqual({ address: ip("fd01::3"), port: 80 });
  });

  test.each([
    ["db:0", /no port/],
    ["db:65536", /no port/],
    ["10.1.0.3:99999", /no port/],
    ["[10.1.0]:80", /no IPv6 address/],
    ["nat:80", /may be/],
  ])("%s is refused", (text, message) => {
    expect(() => parseTarget(text, scene, [4, 6])).toThrow(message);
  });

  test("has a port of 1 to 65535", () => {
    expect([parsePort("1"), parsePort("65535")]).toEqual([1, 65535]);
  });
});
