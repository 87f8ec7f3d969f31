import { describe, expect, test } from "vitest";
import { lab } from "../lib/linux/fake-host.ts";
import { noNamespace, runJson, titled } from "../lib/linux/own-namespace.ts";
import { everyPolicy } from "../lib/linux/policies.ts";
import { deeds } from "./deeds.ts";
import { fakeKernel } from "./kernel.ts";

describe.skipIf(noNamespace)(titled("the fake kernel"), () => {
  test("answers as the real one does", () => {
    const fake = fakeKernel();
    fake.addCompartment("/run/netns/other");
    const told = deeds(fake, "/run/netns/other");
    expect(told).toEqual(runJson("../../fake/deeds-in-kernel.ts"));
    expect(new Set(told.map((line) => line.split(": ")[1])).size).toBeGreaterThan(10);
  });
});

test("what was saved of the fake kernel comes back, whatever was done since, and more than once", () => {
  const host = lab();
  const plan = host.plan(everyPolicy);
  const again = host.kernel.save();
  const start = host.kernel.dump();
  host.apply(plan);
  const [attached, done] = [host.kernel.save(), host.kernel.dump()];
  expect(done).not.toBe(start);
  for (const _ of ["once", "twice"]) {
    again();
    expect(host.kernel.dump()).toBe(start);
    attached();
    expect(host.kernel.dump()).toBe(done);
    host.backend.remove({ key: plan.key, plan });
    host.backend.removeSwitch(plan.switch);
    host.kernel.removeCompartment(plan.compartment.path);
    expect(host.kernel.dump()).not.toContain(plan.compartment.path);
  }
});
