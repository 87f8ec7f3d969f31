import { describe, expect, it } from "vitest";
import { linuxBackend } from "../../../lib/linux/backend.ts";
import type { LayoutElement } from "../../../lib/linux/layout/element.ts";
import { encodeAdd } from "../../../lib/linux/layout/element-requests.ts";
import { endpointSetNames, layoutSet, stateSetNames } from "../../../lib/linux/layout/sets.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../lib/model/switch.ts";
import type { Netlink } from "../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../lib/netlink/error.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { getLink } from "../../../lib/netlink/route/link.ts";
import { errno } from "../../../lib/os/errno.ts";
import { policiesOf } from "../../../lib/policy/policy.ts";
import type { NatCase } from "../../plugins/nat/fixture.ts";
import { type Lab, lab } from "./fake-host.ts";
import { everyPolicy, otherPolicies } from "./policies.ts";

const neighbour: NatCase = { owner: { containerId: "before" }, ips: ["10.88.0.9/16", "fd00::9/64"] };

/** A host where the network is in use, with room for one more. */
function warm(one: NatCase): {
  readonly host: Lab;
  readonly plan: Plan<InternalSwitch>;
  readonly before: string;
} {
  const host = lab();
  const first = host.plan({ ...neighbour, config: one.config ?? {} });
  host.apply(first);
  const plan = host.plan({ ...one, over: { switch: first.switch } });
  return { host, plan, before: host.kernel.dump() };
}

/** A host on which an ADD was killed before it made its port: nothing is undone. */
function killed(one: NatCase): ReturnType<typeof warm> {
  const calm = warm(one);
  const start = calm.host.kernel.log.length;
  calm.host.apply(calm.plan);
  const asked = calm.host.kernel.log.slice(start);
  const moment = asked.findIndex((title) => title.startsWith("link add vp-"));
  expect(moment).toBeGreaterThan(0);
  const stopped = warm(one);
  stopped.host.kernel.failAt(moment + 1, "EPERM", Number.POSITIVE_INFINITY);
  expect(() => stopped.host.apply(stopped.plan)).toThrow();
  stopped.host.kernel.calm();
  return stopped;
}

const cases: readonly (readonly [string, NatCase])[] = [
  ["every policy", everyPolicy],
  ["the other way round", otherPolicies],
  ["a guard alone", { ips: ["10.88.0.5/16", "fd00::5/64"] }],
  ["none", { ips: ["10.88.0.5/16", "fd00::5/64"], config: { guard: false } }],
];

describe.each(cases)("what is left of an ADD that was killed before it made its port: %s", (_, one) => {
  it("is found by its marks, without any state, and removed by them", () => {
    const { host, plan, before } = killed(one);
    expect(host.kernel.dump()).toContain(`"${plan.port.name}"`);
    expect(host.kernel.dump()).not.toContain(`link ${plan.port.name}`);
    const mark = host.backend.marks("net").endpoints.find(({ key }) => key === plan.key);
    expect(mark?.owner).toEqual(plan.owner);
    host.backend.remove({ key: plan.key });
    expect(host.kernel.dump()).toBe(before);
  });

  it("is removed by its plan", () => {
    const { host, plan, before } = killed(one);
    host.backend.remove({ key: plan.key, plan });
    expect(host.kernel.dump()).toBe(before);
  });

  it("does not keep the table when the network is removed", () => {
    const { host, plan } = killed(one);
    host.backend.remove({ key: plan.key });
    host.backend.remove({ key: host.plan(neighbour).key });
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.kernel.dump()).not.toContain("vswitch");
  });
});

describe("the removal of an endpoint", () => {
  it("by its key alone takes its elements of all sets that endpoints have", () => {
    const used = cases.map(([, one]) => {
      const { host, plan, before } = warm(one);
      host.apply(plan);
      const names = endpointSetNames.filter((name) => entries(host, name).includes(plan.key));
      host.backend.remove({ key: plan.key });
      expect(host.kernel.dump()).toBe(before);
      return names;
    });
    expect(new Set(used.flat())).toEqual(new Set(endpointSetNames));
  });

  it.each(["its plan", "its key alone"])("by %s makes its ACLs forget its flows, and nobody else's", (by) => {
    const { host, plan } = warm(everyPolicy);
    host.apply(plan);
    const [own, others] = [indexOf(host, plan.port.name), 4711];
    host.kernel.rules.transaction(encodeAdd([own, others].flatMap(flowsOf)));
    host.backend.remove({ key: plan.key, ...(by === "its plan" ? { plan } : {}) });
    const left = stateSetNames.map((set) => entries(host, set));
    expect(left).toEqual(stateSetNames.map(() => expect.stringMatching(new RegExp(`^ +${others} .*\\n$`))));
  });

  it("does not fail when what its ACLs remember expires all the while", () => {
    const { host, plan } = warm(everyPolicy);
    host.apply(plan);
    const own = indexOf(host, plan.port.name);
    host.kernel.rules.transaction(encodeAdd(flowsOf(own)));
    const expiring: Netlink = {
      ...host.kernel.rules,
      transaction(requests) {
        const fresh = requests.find(({ title }) => /^delete element \S+ vswitch fresh/.test(title));
        if (fresh !== undefined) throw new NetlinkError(fresh.title, 0, { errno: errno.ENOENT });
        host.kernel.rules.transaction(requests);
      },
    };
    linuxBackend(undefined, { ...host.kernel, rules: expiring }).remove({ key: plan.key, plan });
    const left = stateSetNames.filter((set) => entries(host, set).includes(` ${own} `));
    expect(left).toEqual(stateSetNames.filter((set) => set.startsWith("fresh")));
    expect(host.kernel.dump()).not.toContain(plan.key);
  });

  it("whose plan cannot be compiled goes by its marks", () => {
    const { host, plan, before } = killed(otherPolicies);
    const acl = policiesOf(plan.port.policies, "ACL").slice(0, 1);
    const huge = acl.map((one) => ({ ...one, action: "Allow", direction: "Out", ...tooManyPorts }) as const);
    const policies = [...plan.port.policies, ...huge];
    const broken = { ...plan, port: { ...plan.port, policies } };
    expect(() => host.apply(broken)).toThrow(expect.objectContaining({ reason: "acl-too-many" }));
    host.backend.remove({ key: plan.key, plan: broken });
    expect(host.kernel.dump()).toBe(before);
  });
});

const every = (step: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ first: i * step, last: i * step }));
const tooManyPorts = { protocols: [6], localPorts: every(2, 200), remotePorts: every(3, 200) };

function indexOf({ kernel }: Lab, name: string): number {
  const [reply] = kernel.host.request(getLink(name));
  return reply === undefined ? 0 : decodeLink(reply).index;
}

/** The lines of a set. */
const entries = ({ kernel }: Lab, set: string): string =>
  new RegExp(`^ {2}(?:set|map) ${set}\\n((?: {4}.*\\n)*)`, "m").exec(kernel.dump())?.[1] ?? "";

/** One of each kind that ACLs remember. */
function flowsOf(port: number): readonly LayoutElement[] {
  const values = { iface_index: port, inet_proto: "tcp", ipv4_addr: "192.0.2.1", ipv6_addr: "2001:db8::1" };
  const fieldOf = (type: string) => (type in values ? values[type as keyof typeof values] : 80);
  return stateSetNames.map((set) => ({ set, key: layoutSet(set).key.map(fieldOf) }));
}
