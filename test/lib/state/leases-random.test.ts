import fc from "fast-check";
import { expect, test } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { CniError } from "../../../lib/cni/error.ts";
import type { AddressInterval } from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";
import { seed } from "../seed.ts";
import { testFolder, testStore } from "./fixture.ts";
import { interval, owner } from "./fixture-values.ts";
import { memoryState, memoryStore } from "./memory-store.ts";

/** Ranges that overlap, touch and lie apart: a network's definition changes at every step. */
const ranges: readonly (readonly AddressInterval[])[] = [
  [interval("10.0.0.2", "10.0.0.4")],
  [interval("10.0.0.4", "10.0.0.6")],
  [interval("10.0.0.1", "10.0.0.3"), interval("10.0.0.5", "10.0.0.5"), interval("10.0.1.0", "10.0.1.3")],
  [interval("fd00::ffff", "fd00::1:3")],
];
const exact = ["10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.9", "10.0.255.255", "fd00::1:0", "fe80::"].map(ip);

type Step =
  | { readonly kind: "next"; readonly who: number; readonly range: number }
  | { readonly kind: "take"; readonly who: number; readonly address: number }
  | { readonly kind: "release" | "renew"; readonly who: number }
  | { readonly kind: "free"; readonly range: number }
  | { readonly kind: "reboot" };

const who = fc.nat({ max: 9 });
const range = fc.nat({ max: ranges.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("next" as const), who, range }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("take" as const),
      who,
      address: fc.nat({ max: exact.length - 1 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("renew" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("free" as const), range }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reboot" } as const) },
);

function perform(store: Store, step: Step): unknown {
  const intervals = "range" in step ? (ranges[step.range] ?? []) : [];
  const self =
    "who" in step ? owner(`c${step.who}`, { network: step.who % 2 ? "odd" : "even" }) : owner("none");
  switch (step.kind) {
    case "next":
      return store.leases.takeNext(self, intervals);
    case "take":
      return refusal(() => store.leases.take(self, exact[step.address] ?? ip("0.0.0.1")));
    case "release":
      return store.leases.release(self.key).map((lease) => lease.address);
    case "renew":
      return store.leases.renew(self);
    case "free":
      return store.leases.hasFree("odd", intervals);
    case "reboot":
      return undefined;
  }
}

function refusal(fn: () => void): unknown {
  try {
    return fn();
  } catch (error) {
    return error instanceof CniError ? error.code : error;
  }
}

test("any sequence of takes and releases gives what the obvious twin gives", () => {
  const runs = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const dataDir = testFolder();
    const state = memoryState();
    let now = 0;
    let boot = 0;
    const open = (): readonly [Store, Store] => [
      testStore({ dataDir, bootId: `boot-${boot}`, now: () => now }),
      memoryStore(state, `boot-${boot}`, () => now),
    ];
    let [real, twin] = open();
    for (const each of steps) {
      now++;
      if (each.kind === "reboot") {
        boot++;
        [real, twin] = open();
      }
      expect(perform(real, each), JSON.stringify(each)).toEqual(perform(twin, each));
      expect(real.leases.list()).toEqual(twin.leases.list());
    }
  });
  fc.assert(runs, { seed, numRuns: 100 });
}, 60_000);
