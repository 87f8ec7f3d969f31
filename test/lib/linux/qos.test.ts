import { describe, expect, it } from "vitest";
import { limitRates } from "../../../lib/linux/compile/qos.ts";
import { limiterMac, limiterName } from "../../../lib/linux/limiter.ts";
import { endpointAlias } from "../../../lib/linux/mark.ts";
import { diff } from "../../../lib/model/diff.ts";
import { type Plan, portMac } from "../../../lib/model/plan.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { createIfb } from "../../../lib/netlink/route/ifb.ts";
import { deleteLink, getLink } from "../../../lib/netlink/route/link.ts";
import { setLink } from "../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../lib/netlink/route/veth.ts";
import { addTbf, deleteQdisc } from "../../../lib/netlink/tc/qdisc.ts";
import type { Qos } from "../../../lib/policy/qos.ts";
import { expectApproved } from "../../approved.ts";
import { formatSteps } from "../../plans/format-steps.ts";
import { countOf, type Lab, lab } from "./fake-host.ts";

const both: Qos = { kind: "QOS", out: { bytesPerSecond: 1_250_000 }, in: { bytesPerSecond: 12_500_000 } };
const outOnly: Qos = { kind: "QOS", out: { bytesPerSecond: 1_250_000 } };
const inOnly: Qos = { kind: "QOS", in: { bytesPerSecond: 12_500_000 } };
const cases: readonly (readonly [string, Qos])[] = [
  ["both ways", both],
  ["out", outOnly],
  ["in", inOnly],
];

function limited(host: Lab, qos: Qos = both, containerId = "c1"): Plan {
  const plan = host.plan({ owner: { containerId }, ips: ["10.88.0.5/16"] });
  return { ...plan, port: { ...plan.port, policies: [...plan.port.policies, qos] } };
}

const indexOf = ({ kernel }: Lab, name: string): number =>
  kernel.host.request(getLink(name)).map(decodeLink)[0]?.index ?? 0;
const differences = (host: Lab, plan: Plan) => diff(plan, host.backend.observe(plan));

/** A host on which the network is there already. */
function warm(): { readonly host: Lab; readonly before: string } {
  const host = lab();
  host.apply(host.plan({ owner: { containerId: "c0" }, ips: ["10.88.0.9/16"] }));
  host.kernel.addCompartment("/run/netns/c1");
  return { host, before: host.kernel.dump() };
}

describe("a port with limits", () => {
  it.each(cases)("is held by these steps: %s", (way, qos) => {
    const steps = formatSteps(limitRates(limited(lab(), qos)));
    expectApproved(`plans/steps/limits-${way.replace(" ", "-")}.txt`, steps);
  });

  it.each([
    ["slow", 125_000, "rate 125000bps burst 3036b limit 27000b"],
    ["fast", 625_000_000, "rate 625000000bps burst 3125000b limit 18750000b"],
    ["beyond 32 bits", 5_000_000_000, "rate 5000000000bps burst 25000000b limit 150000000b"],
  ])("lets a few packets wait, or 30 ms of them: %s", (_, bytesPerSecond, bucket) => {
    const steps = formatSteps(limitRates(limited(lab(), { kind: "QOS", in: { bytesPerSecond } })));
    expect(steps).toContain(`qdisc add dev [port] root tbf ${bucket}`);
  });

  it.each(cases)("is as planned, and removed by its plan or by its key alone: %s", (_, qos) => {
    for (const byKey of [false, true]) {
      const { host, before } = warm();
      const plan = limited(host, qos);
      host.apply(plan);
      expect(host.kernel.dump()).toMatch(/qdisc tbf rate 12/);
      expect(differences(host, plan)).toEqual([]);
      host.backend.remove({ key: plan.key, ...(byKey ? {} : { plan }) });
      expect(host.kernel.dump()).toBe(before);
    }
  });

  it("is never up without its limits", () => {
    const { host } = warm();
    const plan = limited(host);
    host.apply(plan);
    const asked = host.kernel.log.slice(host.kernel.log.findIndex((title) => title.includes("type veth")));
    const up = asked.findIndex((title) => /link set index \d+ group \d+ up/.test(title));
    expect(asked.filter((title) => title.includes("qdisc add"))).toHaveLength(3);
    expect(asked.slice(up).join()).not.toMatch(/qdisc add|filter add/);
    expect(asked[0]).not.toContain(`${plan.port.name} up`);
  });

  it("costs another one no request: not to attach, to check, to remove", () => {
    const { host } = warm();
    const plan = host.plan({ ips: ["10.88.0.5/16"] });
    const from = host.kernel.log.length;
    countOf(host, () => host.apply(plan));
    countOf(host, () => host.backend.observe(plan));
    countOf(host, () => host.backend.remove({ key: plan.key, plan }));
    expect(host.kernel.log.slice(from).join("\n")).not.toMatch(/qdisc|filter|ifb|vq-|group/);
  });
});

describe("CHECK of limits", () => {
  const name = (plan: Plan) => limiterName(plan.key);
  const damages: readonly (readonly [string, (host: Lab, plan: Plan) => void, (plan: Plan) => object])[] = [
    [
      "the one towards the container that is gone",
      ({ kernel, ...host }, plan) =>
        kernel.host.request(deleteQdisc(indexOf({ kernel, ...host }, plan.port.name), "root")),
      ({ port }) => ({
        what: `limit towards eth0 at port ${port.name}`,
        expected: "12500000 bytes/s with a burst of 62500",
        found: "nothing",
      }),
    ],
    [
      "the one from the container that is another",
      (host, plan) => {
        const index = indexOf(host, name(plan));
        host.kernel.host.request(deleteQdisc(index, "root"));
        const bucket = { bytesPerSecond: 1000, burstBytes: 4000, limitBytes: 9000 };
        host.kernel.host.request(addTbf(index, bucket));
      },
      ({ port }) => ({
        what: `limit from eth0 at port ${port.name}`,
        expected: "1250000 bytes/s with a burst of 6250",
        found: "1000 bytes/s with a burst of 4000",
      }),
    ],
    [
      "the way to it that is gone",
      (host, plan) => host.kernel.host.request(deleteQdisc(indexOf(host, plan.port.name), "ingress")),
      (plan) => ({ what: `way of port ${plan.port.name} through ${name(plan)}`, found: "absent" }),
    ],
    [
      "the limiter that is gone",
      (host, plan) => host.kernel.host.request(deleteLink(name(plan))),
      ({ port }) => ({ what: `limit from eth0 at port ${port.name}`, found: "nothing" }),
    ],
    [
      "the limiter that is down",
      (host, plan) => host.kernel.host.request(setLink(name(plan), { up: false })),
      (plan) => ({ what: `state of ${name(plan)}`, expected: "up", found: "down" }),
    ],
  ];

  it.each(damages)("names %s, and nothing else", (_, damage, expected) => {
    const { host } = warm();
    const plan = limited(host);
    host.apply(plan);
    damage(host, plan);
    expect(differences(host, plan)).toEqual([expect.objectContaining(expected(plan))]);
  });

  it("is an error where the kernel refuses to tell, at whatever moment", () => {
    const { host } = warm();
    const plan = limited(host);
    host.apply(plan);
    const asked = countOf(host, () => differences(host, plan));
    for (let k = 1; k <= asked; k++) {
      host.kernel.failAt(k, "ENOMEM");
      expect(() => differences(host, plan)).toThrow(expect.objectContaining({ code: 105 }));
    }
  });
});

describe("what is left of a port with limits", () => {
  it("when the compartment is gone with the port, is found by its mark and removed", () => {
    const { host } = warm();
    const plan = limited(host);
    host.apply(plan);
    host.kernel.removeCompartment(plan.compartment.path);
    expect(host.kernel.dump()).toContain(limiterName(plan.key));
    expect(host.kernel.dump()).not.toContain(`link ${plan.port.name}`);
    const [mark] = host.backend.marks("net").endpoints.filter(({ key }) => key === plan.key);
    expect(mark).toEqual({ key: plan.key, owner: plan.owner, addresses: plan.vnic.addresses, ports: [] });
    host.backend.remove({ key: plan.key });
    expect(host.kernel.dump()).not.toContain(limiterName(plan.key));
  });

  it("by an ADD that was killed at whatever moment is removed, with the plan or without it", () => {
    const { host, before } = warm();
    const plan = limited(host);
    const asked = countOf(host, () => host.apply(plan));
    host.backend.remove({ key: plan.key, plan });
    for (let k = 1; k <= asked; k++)
      for (const byKey of [false, true]) {
        // Who is killed asks for nothing any more, and undoes nothing.
        host.kernel.failAt(k, "EPERM", Number.POSITIVE_INFINITY);
        expect(() => host.apply(plan)).toThrow();
        host.kernel.calm();
        host.backend.remove({ key: plan.key, ...(byKey ? {} : { plan }) });
        expect(host.kernel.dump(), `refused from ${k} on`).toBe(before);
      }
  });

  it("is only what bears our mark, or no mark yet and our MAC", () => {
    const { host, before } = warm();
    const plan = limited(host);
    const name = limiterName(plan.key);
    const other = endpointAlias({ network: "net", containerId: "x", ifname: "eth0" }, []);
    const strangers = [
      [createIfb({ name })],
      [createIfb({ name, mac: limiterMac(plan.key) }), setLink(name, { alias: other })],
      [createVeth({ name, mac: limiterMac(plan.key), peer: { name: "far" } })],
    ];
    for (const requests of strangers) {
      host.kernel.host.requests(requests);
      const held = host.kernel.dump();
      host.backend.remove({ key: plan.key, plan });
      expect(host.kernel.dump()).toBe(held);
      host.kernel.host.request(deleteLink(name));
    }
    host.kernel.host.request(createIfb({ name, mac: limiterMac(plan.key) }));
    host.backend.remove({ key: plan.key, plan });
    expect(host.kernel.dump()).toBe(before);
  });

  it("goes one by one where port and limiter are no group, and others of a group stay", () => {
    const { host, before } = warm();
    const plan = limited(host);
    host.apply(plan);
    const group = 0x4000_0000 + indexOf(host, plan.port.name);
    host.kernel.host.request(setLink(limiterName(plan.key), { group: 7 }));
    host.kernel.host.request(createVeth({ name: "theirs", mac: portMac("x"), group, peer: { name: "far" } }));
    host.backend.remove({ key: plan.key, plan });
    expect(host.kernel.dump()).toContain("link theirs");
    host.kernel.host.request(deleteLink("theirs"));
    expect(host.kernel.dump()).toBe(before);
  });
});
