import { describe, expect, it } from "vitest";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { switchElements } from "../../../../lib/linux/compile/elements.ts";
import { compileSwitch } from "../../../../lib/linux/compile/switch.ts";
import { LAYOUT_VERSION } from "../../../../lib/linux/layout/table.ts";
import type { SwitchState } from "../../../../lib/linux/observe.ts";
import { expectApproved } from "../../../approved.ts";
import { formatSteps } from "../../../plans/format-steps.ts";
import { natPlan } from "../../../plugins/nat/fixture.ts";
import { bridge, freshHost, warmHost } from "./switch-state.ts";

const dual = ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"];
const wanted = natPlan({ config: { exceptions: ["192.0.2.0/24"] }, ips: dual }).switch;
const only6 = natPlan({ ips: ["fd00::5/64 fd00::1"] }).switch;
const withoutNat = natPlan({ config: { ipMasq: false }, ips: ["10.88.0.5/16"] }).switch;
const first = natPlan({ ips: ["10.88.0.5/16 10.88.0.1"] }).switch;
const second = natPlan({ ips: ["10.99.0.5/24 10.99.0.1"], over: { switch: first } }).switch;
const open = { ...first, reachable: true } as const;
const [gateway4 = prefix("0.0.0.0/0")] = wanted.gateways;
const lacking = switchElements(wanted).filter((element) => element.set === "nat6");
const ofSecond = switchElements(second).filter((element) => String(element.key).includes("10.99.0.0/24"));

describe("the steps that make a switch", () => {
  it.each<[string, typeof wanted, SwitchState]>([
    ["on a fresh host", wanted, freshHost(wanted)],
    ["of IPv6 alone", only6, freshHost(only6, { layout: "current" })],
    ["without outbound NAT", withoutNat, freshHost(withoutNat, { layout: "current" })],
    [
      "for a second gateway",
      second,
      warmHost(second, { addresses: first.gateways, missing: ofSecond, link: bridge(first) }),
    ],
    [
      "where a gateway and an element are gone, and the bridge is down",
      wanted,
      warmHost(wanted, {
        addresses: [gateway4],
        missing: lacking,
        link: bridge(wanted, { up: false, operState: "down" }),
        forwarding: { 4: false, 6: true },
      }),
    ],
    [
      "where an ADD was killed between making the bridge and marking it",
      first,
      freshHost(first, { layout: "current", link: unmarked(first) }),
    ],
    ["in place of an older layout", wanted, warmHost(wanted, { layout: 1, missing: [] })],
    ["where its rules are gone, or one of the tables", wanted, warmHost(wanted, { layout: "damaged" })],
    [
      "that is isolated, and that some may reach",
      { ...first, isolated: true, reachable: ["web", "a-very-long-name-of-a-network"] },
      freshHost(
        { ...first, isolated: true, reachable: ["web", "a-very-long-name-of-a-network"] },
        { layout: "current" },
      ),
    ],
    ["that all may reach", open, freshHost(open, { layout: "current" })],
    [
      "on a host that has its default route from router advertisements",
      only6,
      warmHost(only6, { forwarding: { 4: false, 6: false }, advertised: ["eth0", "eth1.100"] }),
    ],
  ])("are as approved: %s", (name, vswitch, found) => {
    expectApproved(
      `plans/steps/switch ${name}.txt`.replaceAll(" ", "-").replaceAll(",", ""),
      formatSteps(compileSwitch(vswitch, found)),
    );
  });

  it("are none when it is as wanted", () => {
    expect(compileSwitch(wanted, warmHost(wanted))).toEqual([]);
  });

  it("mark a switch again that has lost its mark", () => {
    const { alias: _, ...link } = bridge(wanted);
    const steps = compileSwitch(wanted, warmHost(wanted, { link: { ...link, alias: undefined } }));
    expect(formatSteps(steps)).toContain('alias "vswitch:network net 10.88.0.1/16,fd00::1/64"');
  });

  it("leave addresses alone that others have added", () => {
    const addresses = [...wanted.gateways, prefix("192.0.2.1/24")];
    expect(compileSwitch(wanted, warmHost(wanted, { addresses }))).toEqual([]);
  });

  it("turn forwarding on for the network's own families alone, where it is off", () => {
    const off = { forwarding: { 4: false, 6: false } };
    const titles = (vswitch: typeof wanted) =>
      compileSwitch(vswitch, warmHost(vswitch, off))
        .filter(({ action }) => action.kind === "sysctl")
        .map(({ title }) => title);
    expect(titles(first)).toEqual(["sysctl net.ipv4.ip_forward=1"]);
    expect(titles(only6)).toEqual(["sysctl net.ipv6.conf.all.forwarding=1"]);
  });

  it("belong to the switch: no endpoint undoes them", () => {
    const steps = compileSwitch(wanted, freshHost(wanted));
    expect(new Set(steps.map(({ scope }) => scope))).toEqual(new Set(["switch"]));
    expect(steps.filter(({ undo }) => undo !== undefined)).toEqual([]);
  });
});

function unmarked(vswitch: typeof wanted) {
  const { alias: _, ...link } = bridge(vswitch, { up: false, operState: "down" });
  return { ...link, alias: undefined };
}

describe("a switch that is somebody else's", () => {
  const other = mac("02:00:00:00:00:99");
  it.each<[string, Partial<SwitchState>, string]>([
    [
      "a table that is not ours",
      { layout: "foreign" },
      `nftables table vswitch (inet or bridge) is not of this project, the configuration wants layout ${LAYOUT_VERSION}`,
    ],
    [
      "a table of a later release",
      { layout: LAYOUT_VERSION + 1 },
      `nftables table vswitch (inet or bridge) has layout ${LAYOUT_VERSION + 1}, the configuration wants layout ${LAYOUT_VERSION}`,
    ],
    [
      "an interface of another kind",
      { link: bridge(wanted, { kind: "dummy" }) },
      "interface vsw-net is of kind dummy, the configuration wants a bridge",
    ],
    [
      "hardware",
      { link: bridge(wanted, { kind: undefined }) },
      "interface vsw-net is of kind physical, the configuration wants a bridge",
    ],
    [
      "a bridge without a mark",
      { link: bridge(wanted, { alias: undefined, mac: other }), addresses: [prefix("192.0.2.1/24")] },
      "bridge vsw-net with addresses [192.0.2.1/24] is not ours, the configuration wants a bridge of network net with [10.88.0.1/16, fd00::1/64]",
    ],
    [
      "the bridge of another network",
      { link: bridge(wanted, { alias: "vswitch:network other -" }), addresses: [] },
      "bridge vsw-net with addresses [] belongs to network other, the configuration wants a bridge of network net with [10.88.0.1/16, fd00::1/64]",
    ],
    [
      "our bridge with another MAC",
      { link: bridge(wanted, { mac: other }) },
      `bridge vsw-net has MAC ${other}, the configuration wants ${wanted.mac}`,
    ],
    [
      "our bridge with another MTU",
      { link: bridge(wanted, { mtu: 1400 }) },
      "bridge vsw-net has MTU 1400, the configuration wants 1500",
    ],
  ])("is left as it is, with both values: %s", (_, over, text) => {
    const act = () => compileSwitch(wanted, warmHost(wanted, over));
    expect(act).toThrow(expect.objectContaining({ code: 108, reason: "switch-differs", message: text }));
    expect(act).toThrow(expect.objectContaining({ details: expect.stringMatching(/remove/) }));
  });
});
