import { describe, expect, it } from "vitest";
import { compileSwitch } from "../../../lib/linux/compile/switch.ts";
import type { TunnelState } from "../../../lib/linux/overlay/observe.ts";
import { expectApproved } from "../../approved.ts";
import { freshHost } from "../../lib/linux/compile/switch-state.ts";
import { formatPlan } from "../../plans/format-plan.ts";
import { formatSteps } from "../../plans/format-steps.ts";
import { type OverlayCase, overlayPlan } from "./fixture.ts";

const both = ["10.40.1.7/24 10.40.1.1", "fd00:40:1::7/64 fd00:40:1::1"];
const dual = {
  subnet: undefined,
  subnets: ["10.40.1.0/24", "fd00:40:1::/64"],
  directory: {
    type: "static",
    peers: [
      { vtep: "192.0.2.2", subnets: ["10.40.2.0/24", "fd00:40:2::/64"], mtu: 1400 },
      { vtep: "192.0.2.3", subnets: ["10.40.3.0/24"], mac: "02:00:00:00:00:03" },
    ],
  },
};
const stretched = {
  mode: "stretched",
  subnet: undefined,
  subnets: ["10.50.0.0/24", "fd00:50::/64"],
  directory: { type: "static", peers: [{ vtep: "192.0.2.2", endpoints: [["10.50.0.32", "fd00:50::20"]] }] },
};
const onOne = ["10.50.0.16/24 10.50.0.1", "fd00:50::10/64 fd00:50::1"];

const cases: Readonly<Record<string, OverlayCase>> = {
  smallest: { ips: ["10.40.1.7/24 10.40.1.1"] },
  "routed-both-families": {
    config: dual,
    ports: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
    ips: both,
  },
  "routed-isolated-without-masquerade": {
    config: { ...dual, DisableInterComputeCommunication: true, ipMasq: false, cidrs: ["10.40.0.0/16"] },
    ips: both,
  },
  "routed-over-IPv6": {
    config: { directory: { type: "static", peers: [{ vtep: "2001:db8::2", subnets: ["10.40.2.0/24"] }] } },
    ips: ["10.40.1.7/24 10.40.1.1"],
  },
  "stretched-both-families": { config: stretched, ips: onOne },
  "stretched-that-floods": {
    config: { ...stretched, flood: true, udpPort: 8472, txChecksumOffload: false, mtu: 1400 },
    ips: onOne,
  },
  "guest-on-the-switch": {
    config: { ...stretched, vnic: "vmNic", vmNicAttach: "switch", tapName: "tap0" },
    ips: onOne,
  },
};

const nothing: TunnelState = {
  link: undefined,
  vxlan: undefined,
  port: undefined,
  bridge: undefined,
  rival: undefined,
};

describe("the plan of an attachment to an overlay network", () => {
  it.each(Object.entries(cases))("is as approved: %s", (name, one) => {
    expectApproved(`plans/overlay/${name}.txt`, formatPlan(overlayPlan(one)));
  });

  it.each(Object.entries(cases))(
    "has a switch whose steps are as approved, on a fresh host: %s",
    (name, one) => {
      const plan = overlayPlan(one);
      const found = freshHost(plan.switch, {
        layout: "current",
        forwarding: { 4: true, 6: true },
        tunnel: nothing,
      });
      expectApproved(`plans/overlay/${name}.steps.txt`, formatSteps(compileSwitch(plan.switch, found)));
    },
  );

  it("has the tunnel behind the elements by which it takes nothing from strangers", () => {
    const { switch: vswitch } = overlayPlan({ ips: ["10.40.1.7/24"] });
    const found = freshHost(vswitch, { tunnel: nothing });
    const titles = compileSwitch(vswitch, found).map(({ title }) => title);
    const elements = titles.findIndex((title) => title.includes("elements of network blue"));
    const tunnel = titles.findIndex((title) => title.includes("type vxlan"));
    expect(elements).toBeGreaterThan(0);
    expect(tunnel).toBeGreaterThan(elements);
  });
});
