import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFlannelConfig } from "../../../lib/directory/flannel-config.ts";
import { isGarbage } from "../../../lib/directory/garbage.ts";
import { seed } from "../seed.ts";

const parse = (config: object) => parseFlannelConfig(JSON.stringify(config));
const wrong = (config: object): string => {
  const parsed = parse(config);
  return isGarbage(parsed) ? parsed.garbage.join("; ") : "nothing";
};
const vxlan = { Type: "vxlan" };

describe("flannel's config", () => {
  it("is read with flannel's own defaults", () => {
    expect(parse({ Network: "10.5.0.0/16", Backend: vxlan })).toEqual({
      pools: { 4: { network: "10.5.0.0/16", subnetLen: 24, min: "10.5.1.0", max: "10.5.255.0" } },
      backend: "vxlan",
      vni: 1,
      udpPort: 8472,
      directRouting: false,
      gbp: false,
    });
  });

  it("is read with all that it may say, in any case", () => {
    expect(
      parse({
        network: "10.5.0.7/16",
        SUBNETLEN: 26,
        SubnetMin: "10.5.10.0",
        SubnetMax: "10.5.99.192",
        EnableIPv6: true,
        IPv6Network: "fd00:5::/48",
        backend: { type: "vxlan", vni: 4096, Port: 4789, MTU: 1400, GBP: true, DirectRouting: true },
      }),
    ).toEqual({
      pools: {
        4: { network: "10.5.0.0/16", subnetLen: 26, min: "10.5.10.0", max: "10.5.99.192" },
        6: { network: "fd00:5::/48", subnetLen: 64, min: "fd00:5:0:1::", max: "fd00:5:0:ffff::" },
      },
      backend: "vxlan",
      vni: 4096,
      udpPort: 4789,
      underlayMtu: 1400,
      directRouting: true,
      gbp: true,
    });
  });

  it("takes Go's zero values for nothing said", () => {
    const zeros = { SubnetLen: 0, SubnetMin: "0.0.0.0", SubnetMax: "0.0.0.0", Networks: [] };
    const plain = { Network: "10.5.0.0/16", Backend: vxlan };
    expect(parse({ ...plain, ...zeros, Backend: { ...vxlan, Port: 0, MTU: 0 } })).toEqual(parse(plain));
  });

  it.each([
    ["10.5.0.0/22", 24],
    ["10.5.0.0/23", 25],
    ["10.5.0.0/28", 30],
  ])("of %s gives each host a /%i, so that there are four", (network, subnetLen) => {
    expect(parse({ Network: network, Backend: vxlan })).toMatchObject({ pools: { 4: { subnetLen } } });
  });

  it("without a backend means flannel's oldest", () => {
    expect(parse({ Network: "10.5.0.0/16" })).toMatchObject({ backend: "udp" });
    expect(parse({ Network: "10.5.0.0/16", Backend: { Type: "host-gw" } })).toMatchObject({
      backend: "host-gw",
    });
  });

  it("may have IPv6 alone", () => {
    const parsed = parse({ EnableIPv4: false, EnableIPv6: true, IPv6Network: "fd00:5::/63", Backend: vxlan });
    expect(parsed).toMatchObject({ pools: { 6: { subnetLen: 65, min: "fd00:5:0:0:8000::" } } });
    expect(parsed).not.toHaveProperty("pools.4");
  });

  it.each([
    [{ Backend: vxlan }, /^Network: /],
    [{ Network: "fd00::/48" }, /^Network: /],
    [{ Network: "10.5.0.0/29" }, /^Network: expected a network of \/28/],
    [{ Network: "10.5.0.0/16", SubnetLen: 31 }, /^SubnetLen: /],
    [{ Network: "10.5.0.0/16", SubnetLen: 17 }, /^SubnetLen: expected at least four/],
    [{ Network: "10.5.0.0/16", SubnetMin: "10.6.0.0" }, /^SubnetMin: /],
    [{ Network: "10.5.0.0/16", SubnetMin: "10.5.1.7" }, /^SubnetMin: /],
    [{ Network: "10.5.0.0/16", SubnetMin: "10.5.9.0", SubnetMax: "10.5.8.0" }, /^SubnetMax: /],
    [{ Network: "10.5.0.0/16", EnableIPv6: true }, /^IPv6Network: /],
    [{ Network: "10.5.0.0/16", EnableIPv4: false }, /^EnableIPv4: /],
    [{ Network: "10.5.0.0/16", Backend: "vxlan" }, /^Backend: /],
    [{ Network: "10.5.0.0/16", Backend: { Type: "vxlan", VNI: "1" } }, /^Backend\.VNI: /],
  ])("%j is garbage, and says why", (config, why) => expect(wrong(config)).toMatch(why));

  it("is read from anything without a throw", () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, text) => {
        parseFlannelConfig(json);
        parseFlannelConfig(text);
        for (const field of ["Network", "SubnetLen", "SubnetMin", "Backend", "EnableIPv6", "IPv6Network"])
          parse({ Network: "10.5.0.0/16", Backend: vxlan, [field]: JSON.parse(json) });
      }),
      { seed, numRuns: 200 },
    );
  });
});
