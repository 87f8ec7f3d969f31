import { describe, expect, it } from "vitest";
import { mac } from "../../../../../lib/addr/mac.ts";
import { compileSwitchRepair } from "../../../../../lib/linux/compile/repair/switch.ts";
import { natPlan } from "../../../../plugins/nat/fixture.ts";
import { bridge, warmHost } from "../switch-state.ts";

const wanted = natPlan({ ips: ["10.88.0.5/16 10.88.0.1"] }).switch;
const titles = (link: ReturnType<typeof bridge>) =>
  compileSwitchRepair(wanted, warmHost(wanted, { link })).map(({ title }) => title);

describe("a switch that somebody changed", () => {
  it("needs nothing where it is as planned", () => {
    expect(titles(bridge(wanted))).toEqual([]);
  });

  it("gets MAC and MTU back, which an ADD only refuses", () => {
    expect(titles(bridge(wanted, { mtu: 1400, mac: mac("02:00:00:00:00:01") }))).toEqual([
      `link set ${wanted.name} mtu 1500 address ${wanted.mac}`,
    ]);
  });

  it("is left alone where it is somebody else's", () => {
    expect(() => titles(bridge(wanted, { mtu: 1400, alias: "mine" }))).toThrow(
      expect.objectContaining({ code: 108 }),
    );
  });
});
