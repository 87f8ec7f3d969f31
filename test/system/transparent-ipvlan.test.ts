import { describe, expect, it } from "vitest";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** test/vm/ipvlan.test.ts is where the kernel has it. */
describe.skipIf(reason !== undefined)(`an ipvlan${reason ? ` (${reason})` : ""}`, () => {
  it("is refused with the reason where the kernel has none, and nothing is left", async ({ skip }) => {
    await using lab = await createLanLab({ config: lanWith({ switch: "ipvlan" }) });
    const { host } = lab;
    const ns = await host.compartment("a");
    const before = await host.snapshot(lab.everything);
    const outcome = await lab.call("ADD", { id: "a", netns: ns.path });
    skip(outcome.exitCode === 0, "this kernel has ipvlan");
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      code: 2,
      msg: expect.stringContaining("this kernel has no ipvlan"),
      details: expect.stringContaining("modprobe ipvlan"),
    });
    expect(await host.changes(before, lab.everything)).toBe("");
  });
});
