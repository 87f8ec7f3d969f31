import { describe, expect, test } from "vitest";
import { noNamespace, runJson, titled } from "../lib/linux/own-namespace.ts";
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
