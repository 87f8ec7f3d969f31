import fc from "fast-check";
import { expect, it } from "vitest";
import { diff } from "../../../lib/model/diff.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../lib/model/switch.ts";

import type { NatCase } from "../../plugins/nat/fixture.ts";
import { seed } from "../seed.ts";
import { type Lab, lab } from "./fake-host.ts";

const networks = ["one", "two", "three"];
const containers = ["a", "b", "c", "d"];
const places = networks.flatMap((network) =>
  containers.map((containerId, i): NatCase => {
    const n = networks.indexOf(network) + 1;
    return {
      owner: { network, containerId, ifname: `eth${n}` },
      ips: i % 2 === 0 ? [`10.${n}.0.${i + 2}/24`, `fd0${n}::${i + 2}/64`] : [`10.${n}.0.${i + 2}/24`],
      ports: i < 2 ? [{ hostPort: n * 100 + i, containerPort: 80, protocol: i === 0 ? "udp" : "tcp" }] : [],
      ...(i === 2 ? { asked: { bandwidth: { egress: { bitsPerSecond: 1e7 } } } } : {}),
    };
  }),
);

/** The attachments of a host, with the switches that their networks have by now. */
interface Attached {
  readonly host: Lab;
  readonly plans: Map<NatCase, Plan<InternalSwitch>>;
  readonly switches: Map<string, InternalSwitch>;
}

function toggle({ host, plans, switches }: Attached, place: NatCase, byKey: boolean): void {
  const network = place.owner?.network ?? "";
  const plan = plans.get(place);
  if (plan === undefined) {
    const known = switches.get(network);
    const made = host.plan({ ...place, ...(known === undefined ? {} : { over: { switch: known } }) });
    host.apply(made);
    plans.set(place, made);
    switches.set(network, made.switch);
    return;
  }
  host.backend.remove({ key: plan.key, ...(byKey ? {} : { plan }) });
  plans.delete(place);
  const isLast = ![...plans.keys()].some((other) => other.owner?.network === network);
  expect(host.backend.removeSwitch(switches.get(network) ?? plan.switch)).toBe(isLast);
  if (isLast) switches.delete(network);
}

function expectTrue({ host, plans, switches }: Attached): void {
  const marks = host.backend.marks();
  expect(marks.endpoints.map(({ key }) => key).toSorted()).toEqual(
    [...plans.values()].map(({ key }) => key).toSorted(),
  );
  expect(marks.switches.map(({ name }) => name).toSorted()).toEqual(
    [...switches.values()].map(({ name }) => name).toSorted(),
  );
  for (const plan of plans.values()) expect(diff(plan, host.backend.observe(plan))).toEqual([]);
}

function fresh(): Attached {
  const host = lab({ ipv6: "disabled" });
  for (const containerId of containers) host.kernel.addCompartment(`/run/netns/${containerId}`);
  return { host, plans: new Map(), switches: new Map() };
}

const moves = fc.array(fc.record({ place: fc.constantFrom(...places), byKey: fc.boolean() }), {
  maxLength: 30,
});

it("attaching and detaching in any order keeps every other attachment whole, and ends where it began", () => {
  fc.assert(
    fc.property(moves, (all) => {
      const attached = fresh();
      const empty = attached.host.kernel.dump();
      for (const { place, byKey } of all) {
        toggle(attached, place, byKey);
        expectTrue(attached);
      }
      for (const place of [...attached.plans.keys()]) toggle(attached, place, false);
      expect(attached.host.kernel.dump()).toBe(empty);
    }),
    { seed, numRuns: 15 },
  );
});

it("what is there does not depend on the order in which it came", () => {
  const some = fc.shuffledSubarray(places, { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(some, (chosen) => {
      const dumpOf = (order: readonly NatCase[]): string => {
        const attached = fresh();
        for (const place of order) toggle(attached, place, false);
        return attached.host.kernel.dump();
      };
      const one = dumpOf(chosen);
      // Metrics tell which network came first to a compartment, addresses and the alias which container to a switch.
      const unordered = (dump: string) =>
        dump
          .split("\n")
          .map((line) =>
            line.replace(/ metric \d+/, "").replace(/alias "vswitch:network (\S+) .*/, "alias $1"),
          )
          .toSorted();
      expect(unordered(dumpOf(chosen.toReversed()))).toEqual(unordered(one));
    }),
    { seed, numRuns: 15 },
  );
});
