import { describe, expect, it } from "vitest";
import { giveBack } from "../../../../lib/linux/bridge/give-back.ts";
import type { BridgeState } from "../../../../lib/linux/bridge/state.ts";
import { takeUplink } from "../../../../lib/linux/bridge/take.ts";
import { nothingOfHost } from "../../../../lib/model/host-configuration.ts";
import { switchMac } from "../../../../lib/model/plan.ts";
import type { BridgeSwitch } from "../../../../lib/model/switch.ts";
import type { Link } from "../../../../lib/netlink/route/decode-link.ts";
import { expectApproved } from "../../../approved.ts";
import { formatSteps } from "../../../plans/format-steps.ts";
import { address, bridgeLink, link, onUplink, untaken, wanted } from "./fixture.ts";

const settledAlias = "vswitch:network lan - bridge eth0";
const port = link({ master: 7 });
const taken = { uplink: port, lower: port };
const nothing = { ...nothingOfHost, nexthopObjects: [], addrGenMode: 1 };
const lostSome = { ...onUplink, addresses: onUplink.addresses.slice(1), routes: onUplink.routes.slice(1) };

describe("the steps that take an uplink", () => {
  it.each<[string, BridgeSwitch, Link | undefined, BridgeState]>([
    ["of a fresh host", wanted, undefined, untaken()],
    [
      "where an ADD was killed before the bridge bore its mark",
      wanted,
      bridgeLink(undefined, { mac: switchMac("lan"), up: false }),
      untaken(),
    ],
    [
      "where a takeover broke off and lost an address and a route",
      wanted,
      bridgeLink(`${settledAlias} taking`),
      untaken({ ...taken, onLower: nothing, onBridge: lostSome }),
    ],
    [
      "where a return broke off before it began",
      wanted,
      bridgeLink(`${settledAlias} returning`),
      untaken({ ...taken, onLower: nothing }),
    ],
    [
      "that has got an address again although it is a port",
      wanted,
      bridgeLink(settledAlias),
      untaken({ ...taken, onLower: { ...nothing, addresses: [address("192.0.2.9/24")] } }),
    ],
    ["that came back as another interface", wanted, bridgeLink(settledAlias), untaken({ onLower: nothing })],
    [
      "whose subnet somebody has taken the route of",
      wanted,
      undefined,
      untaken({
        onLower: { ...nothing, addresses: [{ ...address("192.0.2.9/24"), unrouted: true }] },
      }),
    ],
    [
      "as a VLAN that is not there",
      { ...wanted, lower: "eth0.5", vlan: 5 },
      undefined,
      untaken({ lower: undefined, settings: [] }),
    ],
  ])("are as approved: %s", (name, vswitch, bridge, found) => {
    expectApproved(
      `plans/bridge/take ${name}.txt`.replaceAll(" ", "-"),
      formatSteps(takeUplink(vswitch, bridge, found)),
    );
  });

  it("are none where it is taken, and of a bridge that is not ours", () => {
    const settled = untaken({ ...taken, settled: true });
    expect(takeUplink(wanted, bridgeLink(settledAlias), settled)).toEqual([]);
    expect(takeUplink({ ...wanted, existing: true }, bridgeLink("anything"), settled)).toEqual([]);
  });

  it.each<[string, BridgeSwitch, Link | undefined, BridgeState, number]>([
    ["an uplink that is gone", wanted, undefined, untaken({ uplink: undefined, lower: undefined }), 106],
    ["an uplink that is down", wanted, undefined, untaken({ uplink: link({ up: false }) }), 106],
    ["an uplink in another bridge", wanted, undefined, untaken({ lower: link({ master: 9 }) }), 108],
    ["another network's bridge", wanted, bridgeLink("vswitch:network other - bridge eth0"), untaken(), 108],
    ["a nat network's bridge", wanted, bridgeLink("vswitch:network lan 10.0.0.1/24"), untaken(), 108],
    ["a bridge without a mark", wanted, bridgeLink(undefined), untaken(), 108],
    ["an existing bridge that is gone", { ...wanted, existing: true }, undefined, untaken(), 106],
    [
      "an existing bridge that is down",
      { ...wanted, existing: true },
      bridgeLink("", { up: false }),
      untaken(),
      106,
    ],
  ])("are refused for %s", (_, vswitch, bridge, found, code) => {
    expect(() => takeUplink(vswitch, bridge, found)).toThrow(expect.objectContaining({ code }));
  });
});

describe("the steps that give an uplink back", () => {
  const bridge = bridgeLink(settledAlias);
  it.each([
    ["with all that the host has", port, onUplink],
    ["that came back and is no port", link({}), { ...onUplink, addresses: [address("192.0.2.1/24")] }],
    ["that is gone", undefined, onUplink],
  ])("are as approved: %s", (name, lower, onBridge) => {
    const steps = giveBack({ network: "lan", bridge, lower, onBridge });
    expectApproved(`plans/bridge/give back ${name}.txt`.replaceAll(" ", "-"), formatSteps(steps));
  });
});
