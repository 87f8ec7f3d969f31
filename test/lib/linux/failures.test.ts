import { describe, expect, it, vi } from "vitest";
import { CniError } from "../../../lib/cni/error.ts";
import { diff } from "../../../lib/model/diff.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import { joinedTap } from "../../../lib/model/vm-nic.ts";
import type { FakeHost } from "../../fake/kernel.ts";
import type { NatCase } from "../../plugins/nat/fixture.ts";
import { asGuest } from "../../plugins/nat/guest.ts";
import { type Lab, lab, momentsOf } from "./fake-host.ts";
import { everyPolicy } from "./policies.ts";

// The tables are the same for every host: their hundreds of messages are made once, as if the process had lived on.
vi.mock(import("../../../lib/linux/layout/base-table.ts"), async (load) => {
  const real = await load();
  const messages = real.baseTable();
  return { ...real, baseTable: () => messages };
});

const web = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
const dns = { hostPort: 53, containerPort: 53, protocol: "udp" };
const bandwidth = { ingress: { bitsPerSecond: 8e6 }, egress: { bitsPerSecond: 1e8 } };

const cases: readonly (readonly [string, FakeHost, NatCase])[] = [
  [
    "both families with ports, where runtimes turn IPv6 off",
    { ipv6: "disabled" },
    { ips: ["10.88.0.5/16", "fd00::5/64"], ports: [web, dns] },
  ],
  ["IPv4 without IPv6 in the kernel", { ipv6: "absent" }, { ips: ["10.88.0.5/16"], ports: [dns] }],
  ["IPv6 alone", {}, { ips: ["fd00::5/64"] }],
  ["every kind of policy", {}, everyPolicy],
  ["limits both ways", {}, { ips: ["10.88.0.5/16"], asked: { bandwidth } }],
  [
    "a guest's NIC with limits, where runtimes turn IPv6 off",
    { ipv6: "disabled" },
    asGuest({ ips: ["10.88.0.5/16"], asked: { bandwidth } }, { tapName: "tap0", owner: 107 }),
  ],
  [
    "a guest's NIC on the switch with limits, without IPv6 in the kernel",
    { ipv6: "absent" },
    asGuest({ ips: ["10.88.0.5/16"], asked: { bandwidth } }, { vmNicAttach: "switch", tapName: "tap0" }),
  ],
];

const neighbour: NatCase = { owner: { containerId: "before" }, ips: ["10.88.0.9/16", "fd00::9/64"] };

interface Start {
  readonly host: Lab;
  readonly plan: Plan;
  /** Puts the host back to how it is at the start. */
  readonly again: () => void;
}

/** A host where nothing is yet, and the plan of the first. */
function fresh(options: FakeHost, one: NatCase): Start {
  const host = lab(options);
  const plan = host.plan(one);
  return { host, plan, again: host.kernel.save() };
}

/** A host where the network is in use, and the plan of one more. */
function warm(options: FakeHost, one: NatCase): Start {
  const host = lab(options);
  const other = host.plan({ ...neighbour, ips: neighbour.ips.filter((ip) => familyOf(ip, one)) });
  host.apply(other);
  const plan = host.plan({ ...one, over: { switch: other.switch } });
  return { host, plan, again: host.kernel.save() };
}

const familyOf = (ip: string, { ips }: NatCase) =>
  ips.some((other) => other.includes(":") === ip.includes(":"));

/** @returns what was thrown, which must be an error for the runtime */
function failure(act: () => void): CniError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

describe.each(cases)("a refusal at any moment of attaching: %s", (_, options, one) => {
  it("leaves host and compartment as they were, and the next try succeeds", () => {
    const { host, plan, again } = warm(options, one);
    const before = host.kernel.dump();
    const moments = momentsOf(host, () => host.apply(plan));
    expect(moments.length).toBeGreaterThan(10);
    const done = host.kernel.dump();
    for (const k of moments) {
      again();
      host.kernel.failAt(k, "ENOMEM");
      const error = failure(() => host.apply(plan));
      const title = host.kernel.log.at(-1);
      expect(error?.code, title).toBeOneOf([5, 105]);
      expect(host.kernel.dump(), title).toBe(before);
      host.kernel.calm();
      host.apply(plan);
      expect(host.kernel.dump(), title).toBe(done);
    }
  });

  it("on a fresh host leaves at most the switch, which the next try completes or the last one removes", () => {
    const { host, plan, again } = fresh(options, one);
    const empty = host.kernel.dump();
    const moments = momentsOf(host, () => host.apply(plan));
    const done = host.kernel.dump();
    for (const k of moments) {
      again();
      host.kernel.failAt(k, "ENOMEM");
      expect(failure(() => host.apply(plan))).toBeInstanceOf(CniError);
      host.kernel.calm();
      expect(host.kernel.dump()).not.toMatch(/link (v[pqjt]-|eth0|tap0)|tcp \. |udp \. /);
      const left = host.kernel.save();
      host.apply(plan);
      expect(host.kernel.dump()).toBe(done);
      left();
      expect(host.backend.removeSwitch(plan.switch)).toBe(true);
      expect(host.kernel.dump().split("\n/run")[0]).toBe(empty.split("\n/run")[0]);
    }
  });

  it("that goes on while undoing is told of, and DEL cleans up later", () => {
    const { host, plan, again } = warm(options, one);
    const before = host.kernel.dump();
    const moments = momentsOf(host, () => host.apply(plan));
    let told = 0;
    for (const k of moments) {
      again();
      host.kernel.failAt(k, "EPERM", Number.POSITIVE_INFINITY);
      const error = failure(() => host.apply(plan));
      const isLeft = host.kernel.dump() !== before;
      expect(error?.details?.includes("could not be undone") ?? false).toBe(isLeft);
      told += Number(isLeft);
      host.kernel.calm();
      host.backend.remove({ key: plan.key, plan });
      expect(host.kernel.dump()).toBe(before);
    }
    expect(told).toBeGreaterThan(0);
  });
});

describe.each(cases)("a refusal at any moment of removing: %s", (_, options, one) => {
  it.each(["its plan", "its key alone"])("is an error, and the next try by %s ends it", (by) => {
    const { host, plan } = warm(options, one);
    // Of what is in the compartment alone nothing on the host tells where it is.
    const path = joinedTap(plan) === undefined ? {} : { path: plan.compartment.path };
    const removal = by === "its plan" ? { key: plan.key, plan } : { key: plan.key, ...path };
    const before = host.kernel.dump();
    host.apply(plan);
    const attached = host.kernel.save();
    const moments = momentsOf(host, () => host.backend.remove(removal));
    for (const k of moments) {
      attached();
      host.kernel.failAt(k, "ENOMEM");
      expect(failure(() => host.backend.remove(removal))?.code).toBe(105);
      host.kernel.calm();
      host.backend.remove(removal);
      expect(host.kernel.dump()).toBe(before);
    }
  });
});

it("a refusal at any moment of removing a switch is an error, and the next try ends it", () => {
  const { host, plan } = fresh({}, { ips: ["10.88.0.5/16", "fd00::5/64"], ports: [web] });
  host.apply(plan);
  host.backend.remove({ key: plan.key, plan });
  const unused = host.kernel.save();
  const moments = momentsOf(host, () => host.backend.removeSwitch(plan.switch));
  const without = host.kernel.dump();
  for (const k of moments) {
    unused();
    host.kernel.failAt(k, "EINVAL");
    expect(failure(() => host.backend.removeSwitch(plan.switch))?.code).toBe(105);
    host.kernel.calm();
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.kernel.dump()).toBe(without);
  }
});

it("a refusal at any moment of observing is an error, never a difference", () => {
  const host = lab();
  const plan = host.plan({ ips: ["10.88.0.5/16", "fd00::5/64"], ports: [web] });
  host.apply(plan);
  const moments = momentsOf(host, () => expect(diff(plan, host.backend.observe(plan))).toEqual([]));
  for (const k of moments) {
    host.kernel.failAt(k, "ENOMEM");
    expect(failure(() => host.backend.observe(plan))?.code).toBe(105);
  }
});
