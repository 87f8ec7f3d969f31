import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { HostFacts } from "../../../lib/model/facts.ts";
import { transparentSettings, transparentSwitch } from "../../../plugins/transparent/network.ts";
import { transparent } from "../../../plugins/transparent/plugin.ts";
import { lanHost, requireMacvlan, transparentConfig } from "./fixture.ts";

const of = (raw: JsonObject, host: HostFacts = lanHost) =>
  requireMacvlan(transparentSwitch("lan", transparentConfig(raw), host));
const settings = (raw: JsonObject) => transparentSettings(transparentConfig(raw));

describe("the switch of a transparent network", () => {
  it("is the uplink itself, with its MTU, and nothing of the host", () => {
    expect(of({})).toEqual({
      kind: "macvlan",
      network: "lan",
      name: "eth0",
      mtu: 1500,
      gateways: [],
      forwarding: [],
      uplink: "eth0",
      lower: "eth0",
      mode: "bridge",
    });
  });

  it("is a VLAN of the uplink where one is asked for, by a name that fits", () => {
    expect(of({ vlan: 7 })).toMatchObject({ uplink: "eth0", vlan: 7, lower: "eth0.7", name: "eth0.7" });
    const uplink = { name: "enp0s31f6dock1", mtu: 1500, addresses: [] };
    const { lower } = of({ vlan: 4094 }, { ...lanHost, uplink });
    expect(lower).toMatch(/^vsv-[0-9a-f]{11}$/);
    expect(of({ vlan: 4093 }, { ...lanHost, uplink }).lower).not.toBe(lower);
  });

  it("has an adapter for the host where it shall reach its containers, with what they reach of it", () => {
    const { host } = of({ hostAccess: true });
    expect(host).toMatchObject({ name: "vsh-lan", addresses: ["192.0.2.1", "2001:db8::1"] });
    expect(of({})).not.toHaveProperty("host");
  });

  it("may have a smaller MTU than the uplink, and no larger one", () => {
    expect(of({ mtu: 1400 }).mtu).toBe(1400);
    expect(of({ mtu: 1500 }).mtu).toBe(1500);
    const act = () => of({ mtu: 1501 });
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "mtu-too-large" }));
    expect(act).toThrow("mtu 1501: the uplink eth0 carries 1500");
  });

  it("needs an uplink: the one that is named, or that of the default route", () => {
    const none = { ...lanHost, uplink: undefined } as unknown as HostFacts;
    const refused = expect.objectContaining({ code: 106, reason: "uplink-missing" });
    expect(() => of({}, none)).toThrow(refused);
    expect(() => of({}, none)).toThrow("the host has no default route to take it from");
    expect(() => of({ uplink: "eth7" }, none)).toThrow("eth7 does not exist");
    expect(() => of({ uplink: "eth7" })).toThrow(refused);
  });

  it("is defined by what must not change while it is in use, and by nothing that may", () => {
    expect(settings({})).toEqual({ switch: "macvlan", mode: "bridge" });
    expect(settings({ hostAccess: true, vlan: 7, uplink: "eth1", mtu: 1400 })).toEqual({
      switch: "macvlan",
      mode: "bridge",
      uplink: "eth1",
      vlan: "7",
      mtu: "1400",
      hostAccess: "true",
    });
    expect(settings({ dad: false, dataDir: "/x" })).toEqual(settings({}));
    expect(settings({ policies: [{ Type: "VLAN", Settings: { IsolationId: 7 } }] })).toEqual(
      settings({ vlan: 7 }),
    );
  });

  it("asks the host for the uplink by whatever name it is configured", () => {
    expect(transparent.uplink(transparentConfig({ master: "eth1" }))).toBe("eth1");
    expect(transparent.uplink(transparentConfig({}))).toBeUndefined();
  });

  it("has no adapter addresses where the uplink has none", () => {
    const uplink = { name: "eth0", mtu: 1500, addresses: [] };
    expect(of({ hostAccess: true }, { ...lanHost, uplink }).host?.addresses).toEqual([]);
  });
});
