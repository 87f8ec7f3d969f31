import { describe, expect, it } from "vitest";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const guestOn = (config: object = {}) => lanWith({ vnic: "vmNic", dad: 50, ...config });

const kinds = [
  ["behind a macvlan", {}],
  ["on a bridge", { switch: "bridge" }],
  ["that is a port of a bridge", { switch: "bridge", vmNicAttach: "switch" }],
  ["on a routed switch", { switch: "routed" }],
  ["that is a port of a routed switch", { switch: "routed", vmNicAttach: "switch" }],
] as const;

describe.skipIf(reason !== undefined)(`a guest of a LAN${reason ? ` (${reason})` : ""}`, () => {
  it.each(kinds)("%s does not take an IPv4 address that somebody there has", async (_, config) => {
    await using lab = await createLanLab({ config: guestOn(config) });
    const { host } = lab;
    await lab.add({ args: "VNIC=hostVnic" });
    await host.exec(host.outside, "ip", "address", "add", "192.0.2.101/24", "dev", "eth0");
    const [before, ns] = [await host.snapshot(lab.everything), await host.compartment()];
    const empty = await host.snapshot({}, ns);
    const refused = await lab.refused("ADD", { id: "guest", netns: ns.path });
    expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining("192.0.2.101") });
    expect(await host.changes(before, lab.everything)).toBe("");
    expect(await host.snapshot({}, ns)).toEqual(empty);
  });

  it.each(["hostVnic", "vmNic"])("on a bridge never misses who has its IPv4 address: %s", async (vnic) => {
    const ranges = [[{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.100", rangeEnd: "192.0.2.119" }]];
    await using lab = await createLanLab({
      config: { ...guestOn({ switch: "bridge", vnic }), ipam: { ranges } },
    });
    const { host } = lab;
    const all = Array.from({ length: 20 }, (_, i) => `ip address add 192.0.2.${100 + i}/24 dev eth0`);
    await host.exec(host.outside, "sh", "-ec", all.join("\n"));
    for (let i = 0; i < 12; i++) {
      const netns = (await host.compartment()).path;
      expect(await lab.refused("ADD", { id: `c${i}`, netns })).toMatchObject({ code: 103 });
    }
  });

  it.each([
    ["on a bridge, as its port", { switch: "bridge", vmNicAttach: "switch" }],
    ["on a routed switch", { switch: "routed" }],
  ])("%s does not take an IPv6 address that somebody there has", async (_, config) => {
    const ipam = {
      ranges: [[{ subnet: "2001:db8::/64", rangeStart: "2001:db8::100", gateway: "2001:db8::2" }]],
    };
    await using lab = await createLanLab({ config: { ...guestOn(config), ipam } });
    const { host } = lab;
    await host.exec(host.outside, "ip", "address", "add", "2001:db8::100/64", "dev", "eth0", "nodad");
    const refused = await lab.refused("ADD", { id: "guest", netns: (await host.compartment()).path });
    expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining("2001:db8::100") });
  });
});
