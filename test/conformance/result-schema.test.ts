import { describe, expect, it } from "vitest";
import { schemaTrouble } from "./result-schema.ts";

const netns = "/run/netns/x";
const modern = (cniVersion: string, ip: object = {}, link: object = {}) => ({
  cniVersion,
  interfaces: [{ name: "br0" }, { name: "eth0", mac: "02:00:00:00:00:01", sandbox: netns, ...link }],
  ips: [{ address: "10.1.0.2/24", gateway: "10.1.0.1", interface: 1, ...ip }],
  routes: [{ dst: "0.0.0.0/0" }],
});

describe("the shape of results", () => {
  it.each([
    [
      "0.1.0",
      { cniVersion: "0.1.0", ip4: { ip: "10.1.0.2/24", routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }] } },
    ],
    ["0.2.0", { cniVersion: "0.2.0", ip6: { ip: "fd00::2/64", gateway: "fd00::1" }, dns: {} }],
    ["0.3.1", modern("0.3.1", { version: "4" })],
    ["0.4.0", modern("0.4.0", { version: "6", address: "fd00::2/64", gateway: "fd00::1" })],
    ["1.0.0", modern("1.0.0")],
    ["1.1.0", modern("1.1.0", {}, { mtu: 1500 })],
  ])("of %s is accepted", (version, result) => {
    expect(schemaTrouble(result, version, netns)).toEqual([]);
  });

  it.each([
    ["another version", "1.0.0", modern("1.1.0"), "cniVersion"],
    ["`version` in 1.0.0", "1.0.0", modern("1.0.0", { version: "4" }), "version does not belong there"],
    ["no `version` in 0.4.0", "0.4.0", modern("0.4.0"), "version is missing"],
    ["the wrong family", "0.4.0", modern("0.4.0", { version: "6" }), "version is"],
    ["`mtu` before 1.1.0", "1.0.0", modern("1.0.0", {}, { mtu: 1500 }), "mtu does not belong there"],
    ["null", "1.1.0", modern("1.1.0", { gateway: null }), "gateway is null"],
    ["an index out of range", "1.0.0", modern("1.0.0", { interface: 2 }), "out of range"],
    ["an address without length", "1.0.0", modern("1.0.0", { address: "10.1.0.2" }), "address is"],
    ["IPv6 that is not canonical", "1.0.0", modern("1.0.0", { address: "FD00:0::2/64" }), "address is"],
    ["a MAC in capitals", "1.0.0", modern("1.0.0", {}, { mac: "02:00:00:00:00:AA" }), "mac is"],
    ["another sandbox", "1.0.0", modern("1.0.0", {}, { sandbox: "/else" }), "sandbox is not"],
    ["interfaces before 0.3.0", "0.2.0", modern("0.2.0"), "does not belong there"],
    ["no address before 0.3.0", "0.2.0", { cniVersion: "0.2.0" }, "neither ip4 nor ip6"],
  ])("with %s is refused", (_what, version, result, words) => {
    expect(schemaTrouble(result, version, netns).join("; ")).toContain(words);
  });
});
