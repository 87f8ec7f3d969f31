import { describe, expect, it, test } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { compileEndpoint } from "../../../lib/linux/compile/endpoint.ts";
import { requireGuestAsks } from "../../../plugins/transparent/kind-limits.ts";
import { expectApproved } from "../../approved.ts";
import { formatPlan } from "../../plans/format-plan.ts";
import { formatSteps } from "../../plans/format-steps.ts";
import { externalPlan, type TransparentCase, transparentConfig } from "./fixture.ts";
import { guestCase, guestOnLan } from "./guest.ts";

const onSwitch = { vmNicAttach: "switch" };
const qos = { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1_000_000 } };
const routed = { switch: "routed" };
const bridge = { switch: "bridge" };

const cases: Readonly<Record<string, TransparentCase>> = {
  macvlan: guestCase(),
  "macvlan-with-host-access": guestCase({ hostAccess: true, tapName: "tap0" }),
  "macvlan-without-an-address": guestCase({}, { ips: [] }),
  routed: guestCase(routed),
  "routed-on-the-switch": guestCase({ ...routed, ...onSwitch }),
  bridge: guestCase(bridge),
  "bridge-on-the-switch": guestCase({ ...bridge, ...onSwitch }),
  "bridge-on-the-switch-with-QOS": guestCase({ ...bridge, ...onSwitch, tapName: "tap0", policies: [qos] }),
};
const stepsOf = (one: TransparentCase): string =>
  formatSteps(compileEndpoint(guestOnLan(one.config, one), 9));

describe("the plan of a guest's NIC on a LAN", () => {
  it.each(Object.entries(cases))("is as approved, and its steps: %s", (name, one) => {
    expectApproved(`plans/guest/${name}.txt`, formatPlan(guestOnLan(one.config, one)));
    expectApproved(`plans/guest/${name}.steps.txt`, stepsOf(one));
  });

  it.each(Object.entries(cases))("gives no link on the host an address of the guest: %s", (_, one) => {
    expect(stepsOf(one)).not.toMatch(/addr(ess)? add|arp_notify|disable_ipv6/);
  });

  it("lets a macvlan receive the groups that its guest joins, and no other link", () => {
    for (const [name, one] of Object.entries(cases))
      expect(stepsOf(one).includes("allmulticast on"), name).toBe(name.startsWith("macvlan"));
  });

  it("asks by a port of a bridge when that forwards, since the kernel asks but once in a second", () => {
    const questionOf = (one: TransparentCase) => {
      const lines = formatSteps(compileEndpoint(externalPlan(one), 9)).split("\n");
      return lines.slice(
        0,
        lines.findIndex((line) => line.includes("ask who has")),
      );
    };
    for (const one of [guestCase(bridge), { ...guestCase(bridge), config: bridge }])
      expect(questionOf(one).at(-1)).toBe("  until the port works");
  });

  it("asks the LAN for its IPv4 addresses, and for those of IPv6 where it has an address to ask from", () => {
    const asked = (config: JsonObject) =>
      /: ask who has (.*)$/m.exec(stepsOf(guestCase({ dad: 5, ...config })))?.[1]?.trim();
    const both = "192.0.2.100 2001:db8::100";
    expect(asked({})).toBe("192.0.2.100");
    expect(asked(bridge)).toBe("192.0.2.100");
    expect(asked({ ...bridge, ...onSwitch })).toBe(both);
    expect(asked(routed)).toBe(both);
    expect(asked({ ...routed, ...onSwitch })).toBe(both);
    expect(asked({ dad: false })).toBeUndefined();
  });
});

/** What is said against a configuration. */
function refusal(raw: JsonObject, asked: Parameters<typeof transparentConfig>[2] = {}): unknown {
  try {
    return transparentConfig(raw, [], asked);
  } catch (error) {
    const { code, reason, message } = error as { code: number; reason: string; message: string };
    return { code, reason, message: message.split(" is not supported")[0] };
  }
}

describe("the configuration of a guest's NIC on a LAN", () => {
  const unsupported = (message: string) => ({ code: 2, reason: "kind-unsupported", message });

  test.each<[string, JsonObject, string]>([
    ["an ipvlan", { switch: "ipvlan", vnic: "vmNic" }, "vnic vmNic"],
    ["an ipvlan, wherever the tap is", { switch: "ipvlan", vnic: "vmNic", ...onSwitch }, "vnic vmNic"],
    ["a tap on a macvlan's uplink", { vnic: "vmNic", ...onSwitch }, "vmNicAttach switch"],
    ["the same in so many words", { switch: "macvlan", vnic: "vmNic", ...onSwitch }, "vmNicAttach switch"],
    ["the policies of a port on a macvlan", { vnic: "vmNic", policies: [qos] }, "QOS (bandwidth)"],
  ])("is refused for %s", (_, raw, message) => {
    const reason = message.startsWith("QOS") ? "policy-unsupported" : "kind-unsupported";
    expect(refusal(raw)).toEqual({ ...unsupported(message), reason });
  });

  it("is refused where the container asks for what its network cannot do", () => {
    const vnicRequest = { arg: "vmNic" };
    expect(refusal({ switch: "ipvlan" }, { vnicRequest })).toEqual(unsupported("vnic vmNic"));
    expect(refusal({ ...onSwitch }, { vnicRequest })).toEqual(unsupported("vmNicAttach switch"));
  });

  test.each<[string, JsonObject]>([
    ["a process on a network whose guests are ports", { ...onSwitch }],
    ["a process on an ipvlan", { switch: "ipvlan", ...onSwitch, tapName: "tap0" }],
    ["a guest behind a macvlan", { vnic: "vmNic" }],
    ["a guest on a routed switch", { vnic: "vmNic", ...routed, ...onSwitch }],
    ["a guest on a bridge", { vnic: "vmNic", ...bridge, ...onSwitch, policies: [qos] }],
  ])("is good for %s", (_, raw) => {
    expect(refusal(raw)).toHaveProperty("kind");
  });

  it("may have the MAC that the runtime asks for", () => {
    const asked = { mac: mac("02:00:00:00:00:07") };
    expect(guestOnLan({}, { asked }).vnic.mac).toBe(asked.mac);
    expect(stepsOf({ ...cases.bridge, asked } as TransparentCase)).toContain(asked.mac);
  });

  test("of a bad value is told with its place", () => {
    expect(() => transparentConfig({ vnic: "vmNic", multiQueue: "yes" })).toThrow(
      expect.objectContaining({
        code: 7,
        message: expect.stringContaining('multiQueue: expected true or false, received "yes"'),
      }),
    );
  });
});

type Config = Parameters<typeof requireGuestAsks>[1];

describe("a guest asks for its addresses itself", () => {
  const ipam = (raw: JsonObject) => ({ ipam: { type: raw.type, raw } }) as unknown as Config;

  test.each<[string, JsonObject]>([
    ["the delegate dhcp", { type: "dhcp" }],
    ["our own ipam that asks a DHCP server", { type: "ipam", source: "dhcp" }],
    ["the same in another case", { type: "ipam", Source: "dhcp" }],
  ])("%s is refused for it, and for nobody else", (_, raw) => {
    expect(() => requireGuestAsks("vmNic", ipam(raw))).toThrow(
      expect.objectContaining({
        code: 2,
        reason: "kind-unsupported",
        message: expect.stringMatching(/^DHCP for a vmNic is not supported/),
        details: expect.stringContaining("in the guest"),
      }),
    );
    expect(() => requireGuestAsks("hostVnic", ipam(raw))).not.toThrow();
  });

  test("but may have none, or addresses of a pool", () => {
    expect(() => requireGuestAsks("vmNic", {} as Config)).not.toThrow();
    expect(() => requireGuestAsks("vmNic", ipam({ type: "ipam", source: "pool" }))).not.toThrow();
  });
});
