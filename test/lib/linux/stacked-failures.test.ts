import { describe, expect, it } from "vitest";
import { CniError } from "../../../lib/cni/error.ts";
import { diff } from "../../../lib/model/diff.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { getLink } from "../../../lib/netlink/route/link.ts";
import { setLink } from "../../../lib/netlink/route/set-link.ts";
import { createSublink } from "../../../lib/netlink/route/sublink.ts";
import type { FakeHost } from "../../fake/kernel.ts";
import type { TransparentCase } from "../../plugins/transparent/fixture.ts";
import { type LanLab, lanLab, router } from "./fake-lan.ts";

const dual = ["192.0.2.100/24 192.0.2.2", "2001:db8::100/64 2001:db8::2"];
// The shortest question: nobody answers late here.
const dad = 1;

const cases: readonly (readonly [string, FakeHost, TransparentCase])[] = [
  ["both families, where runtimes turn IPv6 off", { ipv6: "disabled" }, { config: { dad }, ips: dual }],
  ["IPv4 without IPv6 in the kernel", { ipv6: "absent" }, { config: { dad }, ips: ["192.0.2.100/24"] }],
  ["an adapter for the host", {}, { config: { dad, hostAccess: true }, ips: dual }],
  ["a VLAN", {}, { config: { dad, vlan: 7, hostAccess: true }, ips: dual }],
  ["no address", {}, { ips: [] }],
  ["a guest's NIC", { ipv6: "disabled" }, { config: { dad, vnic: "vmNic", hostAccess: true }, ips: dual }],
];

/** What was thrown, which must be an error for the runtime. */
function failure(act: () => void): CniError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

/** A host where the network is in use, and the plan of one more. */
function warm(options: FakeHost, one: TransparentCase): { readonly host: LanLab; readonly plan: Plan } {
  const host = lanLab(options);
  host.apply(host.plan({ ...one, owner: { containerId: "before" }, ips: [] }));
  return { host, plan: host.plan(one) };
}

/** How many things are asked of the kernel. */
function countOf({ kernel }: LanLab, act: () => void): number {
  const before = kernel.log.length;
  act();
  return kernel.log.length - before;
}

describe.each(cases)("a refusal at any moment of attaching to a LAN: %s", (_, options, one) => {
  it("leaves host and compartment as they were, and the next try succeeds", () => {
    const calm = warm(options, one);
    const count = countOf(calm.host, () => calm.host.apply(calm.plan));
    const done = calm.host.kernel.dump();
    expect(count).toBeGreaterThan(5);
    expect(diff(calm.plan, calm.host.backend.observe(calm.plan))).toEqual([]);
    for (let k = 1; k <= count; k++) {
      const { host, plan } = warm(options, one);
      const before = host.kernel.dump();
      host.kernel.failAt(k, "ENOMEM");
      const error = failure(() => host.apply(plan));
      const title = host.kernel.log.at(-1);
      // How often the wire is looked at depends on the clock.
      if (error === undefined) continue;
      expect(error.code, title).toBeOneOf([5, 105]);
      expect(host.kernel.dump(), title).toBe(before);
      host.kernel.calm();
      host.apply(plan);
      expect(host.kernel.dump(), title).toBe(done);
    }
  });

  it("on a fresh host leaves at most the switch, which the next try completes or the last one removes", () => {
    const calm = lanLab(options);
    const planned = calm.plan(one);
    const empty = calm.kernel.dump();
    const count = countOf(calm, () => calm.apply(planned));
    const done = calm.kernel.dump();
    for (let k = 1; k <= count; k++) {
      const attempt = () => {
        const host = lanLab(options);
        const plan = host.plan(one);
        host.kernel.failAt(k, "ENOMEM");
        const error = failure(() => host.apply(plan));
        host.kernel.calm();
        return { host, plan, error };
      };
      const again = attempt();
      if (again.error === undefined) continue;
      again.host.apply(again.plan);
      expect(again.host.kernel.dump()).toBe(done);
      const { host, plan } = attempt();
      host.backend.remove({ key: plan.key, plan });
      const { network, name } = plan.switch;
      expect(host.backend.removeSwitch({ network, name, definition: plan.switch })).toBe(true);
      expect(host.kernel.dump()).toBe(empty);
    }
  });

  it("that goes on while undoing is told of, and DEL cleans up later", () => {
    const calm = warm(options, one);
    const count = countOf(calm.host, () => calm.host.apply(calm.plan));
    let told = 0;
    for (let k = 1; k <= count; k++) {
      const { host, plan } = warm(options, one);
      const before = host.kernel.dump();
      host.kernel.failAt(k, "EPERM", Number.POSITIVE_INFINITY);
      const error = failure(() => host.apply(plan));
      if (error === undefined) continue;
      const isLeft = host.kernel.dump() !== before;
      expect(error.details?.includes("could not be undone") ?? false, host.kernel.log.at(-1)).toBe(isLeft);
      told += Number(isLeft);
      host.kernel.calm();
      host.backend.remove({ key: plan.key, plan });
      expect(host.kernel.dump()).toBe(before);
    }
    expect(told).toBeGreaterThan(0);
  });

  it.each(["its plan", "its key alone"])("of removing is an error, and the next try by %s ends it", (by) => {
    const removal = ({ key, compartment: { path } }: Plan, plan: Plan) =>
      by === "its plan" ? { key, plan } : { key, path };
    const calm = warm(options, one);
    const before = calm.host.kernel.dump();
    calm.host.apply(calm.plan);
    const count = countOf(calm.host, () => calm.host.backend.remove(removal(calm.plan, calm.plan)));
    expect(calm.host.kernel.dump()).toBe(before);
    for (let k = 1; k <= count; k++) {
      const { host, plan } = warm(options, one);
      host.apply(plan);
      host.kernel.failAt(k, "ENOMEM");
      expect(failure(() => host.backend.remove(removal(plan, plan)))?.code).toBe(105);
      host.kernel.calm();
      host.backend.remove(removal(plan, plan));
      expect(host.kernel.dump()).toBe(before);
    }
  });

  it("of observing is an error, never a difference", () => {
    const { host, plan } = warm(options, one);
    host.apply(plan);
    const count = countOf(host, () => expect(diff(plan, host.backend.observe(plan))).toEqual([]));
    for (let k = 1; k <= count; k++) {
      host.kernel.failAt(k, "ENOMEM");
      expect(failure(() => host.backend.observe(plan))?.code).toBe(105);
      host.kernel.calm();
    }
  });
});

describe("addresses that come after the vNIC", () => {
  const one: TransparentCase = { config: { dad, hostAccess: true }, ips: dual };
  const bare = () => {
    const host = lanLab();
    host.apply(host.plan({ ...one, ips: [] }));
    return { host, plan: host.plan(one) };
  };

  it("make the same of it as those that are known before", () => {
    const { host, plan } = bare();
    host.configure(plan);
    expect(diff(plan, host.backend.observe(plan))).toEqual([]);
    const other = lanLab();
    other.apply(other.plan(one));
    expect(host.kernel.dump()).toBe(other.kernel.dump());
  });

  it("are refused at any moment with an error, and DEL takes all", () => {
    const calm = bare();
    const count = countOf(calm.host, () => calm.host.configure(calm.plan));
    for (let k = 1; k <= count; k++) {
      const { host, plan } = bare();
      host.kernel.failAt(k, "ENOMEM");
      const error = failure(() => host.configure(plan));
      host.kernel.calm();
      if (error === undefined) continue;
      expect(error.code).toBeOneOf([5, 105]);
      host.backend.remove({ key: plan.key, plan });
      expect(host.kernel.dump()).not.toMatch(/macvlan mode bridge on eth0 address (?!.*vswitch:network)/);
      expect(host.kernel.dump()).not.toContain("route ");
    }
  });
});

describe("an address that somebody on the LAN has", () => {
  it.each([`${router.ip4}/24`, `${router.ip6}/64`])(
    "is refused with the MAC, and nothing is left: %s",
    (address) => {
      const host = lanLab();
      const plan = host.plan({ config: { dad: 50 }, ips: [address] });
      const before = host.kernel.dump();
      const error = failure(() => host.apply(plan));
      expect(error).toMatchObject({ code: 103, message: expect.stringContaining(router.mac) });
      expect(host.kernel.dump()).toBe(before);
    },
  );

  it("is taken where nobody is asked", () => {
    const host = lanLab();
    const plan = host.plan({ config: { dad: false }, ips: [`${router.ip4}/24`] });
    host.apply(plan);
    expect(host.kernel.log.join()).not.toContain("neigh");
  });
});

describe("a VLAN of the uplink", () => {
  const one: TransparentCase = { config: { vlan: 7, dad: false }, ips: [] };
  const vlan = (host: LanLab) => {
    const [uplink] = host.kernel.host.request(getLink("eth0")).map(decodeLink);
    const sublink = { kind: "vlan", id: 7 } as const;
    return createSublink({ name: "eth0.7", lower: uplink?.index ?? 0, sublink });
  };
  const release = (host: LanLab, plan: Plan, lowerInUse: boolean) => {
    host.backend.remove({ key: plan.key, plan });
    const { network, name } = plan.switch;
    host.backend.removeSwitch({ network, name, definition: plan.switch, lowerInUse });
  };

  it("that the host has already is used, and stays the host's", () => {
    for (const up of [true, false]) {
      const host = lanLab();
      host.kernel.host.request(vlan(host));
      if (up) host.kernel.host.request(setLink("eth0.7", { up: true }));
      const plan = host.plan(one);
      host.apply(plan);
      expect(host.kernel.dump()).not.toContain("vswitch:vlan");
      release(host, plan, false);
      expect(host.kernel.dump()).toContain("link eth0.7 vlan");
    }
  });

  it("that we made goes with the last network that has containers on it", () => {
    const host = lanLab();
    const plan = host.plan(one);
    host.apply(plan);
    release(host, plan, true);
    expect(host.kernel.dump()).toContain("link eth0.7 vlan");
    release(host, plan, false);
    expect(host.kernel.dump()).not.toContain("eth0.7");
  });
});
