import { describe, expect, it, test } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { compileEndpoint } from "../../../lib/linux/compile/endpoint.ts";
import { linkName } from "../../../lib/model/vm-nic.ts";
import { expectApproved } from "../../approved.ts";
import { formatPlan } from "../../plans/format-plan.ts";
import { formatSteps } from "../../plans/format-steps.ts";
import { type NatCase, natConfig, natPlan } from "./fixture.ts";
import { asGuest, guestPlan } from "./guest.ts";

const dual = ["10.88.0.5/16 10.88.0.1", "fd00:88::5/64 fd00:88::1"];
const web = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
const dns = { hostPort: 53, containerPort: 5353, protocol: "udp" };
const acl = {
  Type: "ACL",
  Settings: { Action: "Allow", Direction: "In", Priority: 1, RemoteAddresses: "10.0.0.0/8" },
};
const qos = { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1_250_000 } };
const bandwidth = { ingress: { bitsPerSecond: 8e6 }, egress: { bitsPerSecond: 1e8 } };
const several = { owner: 107, group: 36, multiQueue: true, vnetHeader: false };

const cases: Readonly<Record<string, NatCase>> = {
  "nat-in-the-compartment": asGuest({ ips: dual }),
  "nat-under-its-own-name": asGuest(
    { ips: dual, over: { dns: { nameservers: ["192.0.2.53"] } } },
    { tapName: "tap0" },
  ),
  "nat-with-ports-ACL-and-QOS": asGuest({ ips: dual, ports: [web, dns] }, { policies: [acl, qos] }),
  "nat-on-the-switch": asGuest({ ips: dual }, { vmNicAttach: "switch" }),
  "nat-on-the-switch-with-QOS-owner-group-and-queues": asGuest(
    { ips: dual, ports: [web], asked: { bandwidth } },
    { vmNicAttach: "switch", tapName: "tap0", ...several },
  ),
  "nat-isolated-on-the-switch": asGuest(
    { ips: ["10.88.0.5/16"] },
    { vmNicAttach: "switch", DisableInterComputeCommunication: true },
  ),
};

describe("the plan of a guest's NIC on a nat network", () => {
  it.each(Object.entries(cases))("is as approved, and its steps: %s", (name, one) => {
    const plan = natPlan(one);
    expectApproved(`plans/guest/${name}.txt`, formatPlan(plan));
    expectApproved(`plans/guest/${name}.steps.txt`, formatSteps(compileEndpoint(plan, 9)));
  });

  it.each(Object.entries(cases))("gives nothing on the host an address of the guest: %s", (_, one) => {
    const steps = formatSteps(compileEndpoint(natPlan(one), 9));
    expect(steps).not.toMatch(/addr add|address add|route add|arp_notify|announce|disable_ipv6/);
  });

  it("is, but for its tap, that of a process", () => {
    const { vnic, ...guest } = natPlan(cases["nat-with-ports-ACL-and-QOS"] as NatCase);
    const process = natPlan({ ips: dual, ports: [web, dns], config: { policies: [acl, qos] } });
    expect({ ...guest, vnic: { ...vnic, type: "hostVnic", tap: undefined, dns: undefined } }).toEqual(
      process,
    );
  });

  it("has its policies in force before the port is there", () => {
    for (const one of Object.values(cases)) {
      const kinds = compileEndpoint(natPlan(one), 9).map(({ action }) => action.kind);
      expect(kinds.indexOf("rules")).toBe(0);
      expect(kinds.lastIndexOf("rules")).toBe(0);
    }
  });

  it("has the port under the tap's name in all that policies say of it", () => {
    const plan = guestPlan({ vmNicAttach: "switch", tapName: "tap0", policies: [acl] }, { ports: [web] });
    const text = formatSteps(compileEndpoint(plan, 9));
    expect(text).toContain('"tap0"');
    expect(text).not.toContain("vp-");
  });

  it("joins its links before either is up, so that the compartment's stack sees none of the guest's", () => {
    for (const config of [{}, { tapName: "tap0" }]) {
      const plan = guestPlan(config);
      const lines = formatSteps(compileEndpoint(plan, 9)).split("\n");
      const joined = lines.findLastIndex((line) => line.includes("mirred") || line.includes("redirect dev"));
      const up = lines.findIndex((line) => /link set \[(vnic|tap)\].* up/.test(line));
      expect(joined).toBeGreaterThan(0);
      expect(up).toBeGreaterThan(joined);
      expect(linkName(plan)).toBe(config.tapName === undefined ? `vj-${plan.key.slice(0, 12)}` : "eth0");
    }
  });
});

describe("the configuration of a guest's NIC", () => {
  it("is part of the network's", () => {
    expect(natConfig({ vnic: "vmNic", vmNicAttach: "switch", ...several }).vnic).toEqual({
      type: "vmNic",
      attach: "switch",
      ...several,
    });
  });

  it("is the container's word first", () => {
    const vnicRequest = { capability: { vnic: "vmNic", tapName: "tap0" } };
    expect(natConfig({ vnic: "hostVnic", tapName: "tap1" }, [], { vnicRequest }).vnic).toMatchObject({
      type: "vmNic",
      tapName: "tap0",
    });
  });

  test.each<[JsonObject, Partial<Parameters<typeof natConfig>[2]>, RegExp]>([
    [{ vnic: "vm" }, {}, /vnic: expected hostVnic or vmNic, received "vm"/],
    [{ vmNicAttach: "host" }, {}, /vmNicAttach: expected compartment or switch, received "host"/],
    [{ owner: "me" }, {}, /owner: expected a user or group number, received "me"/],
    [{}, { vnicRequest: { arg: "vm" } }, /args\.cni\.vnic: expected hostVnic or vmNic, received "vm"/],
  ])("is refused with code 7 where it is %j %j", (raw, asked, text) => {
    expect(() => natConfig(raw, [], asked)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(text) }),
    );
  });

  test.each(["vnick", "vmNicAtach", "tapNam", "vnetHeadr", "multiQueues"])(
    "is refused where a key is misspelt: %s",
    (key) => {
      expect(() => natConfig({ [key]: "x" })).toThrow(expect.objectContaining({ code: 2 }));
    },
  );

  test("names no tap as a link of ours is named", () => {
    expect(() => guestPlan({ tapName: "vp-1" })).toThrow(
      expect.objectContaining({ code: 2, reason: "tap-name" }),
    );
  });
});
