import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lanWith, secondLan } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const families = [
  { family: "IPv4", of: "ip4", outside: uplink.outside4, host: uplink.host4 },
  { family: "IPv6", of: "ip6", outside: uplink.outside6, host: uplink.host6 },
] as const;

describe.skipIf(reason !== undefined)(
  `packets of a transparent network${reason ? ` (${reason})` : ""}`,
  () => {
    it.each(families)(
      "flow over $family to a machine of the LAN and back, by addresses and MACs of its own",
      async (family) => {
        await using lab = await createLanLab();
        const { host } = lab;
        const a = await lab.add();
        const port = 7000;
        await host.echo(host.outside, { protocol: "tcp", address: family.outside, port });
        await host.echo(a.ns, { protocol: "tcp", address: a[family.of], port });
        const seen = await host.ask(a.ns, { protocol: "tcp", address: family.outside, port });
        expect(seen.from).toBe(a[family.of]);
        const back = await host.ask(host.outside, { protocol: "tcp", address: a[family.of], port });
        expect(back.from).toBe(family.outside);
        const [vnic] = a.result.interfaces;
        const neighbours = await host.exec(host.outside, "ip", "neighbour", "show", a[family.of]);
        expect(neighbours).toContain(`lladdr ${vnic?.mac}`);
      },
    );

    it("pass between two containers in mode bridge, and not in mode private", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const [a, b] = [await lab.add(), await lab.add()];
      expect(await host.answersPing(a.ns, b.ip4)).toBe(true);
      expect(await host.answersPing(a.ns, b.ip6)).toBe(true);
      const config = secondLan({ mode: "private" });
      const [c, d] = [await lab.add({ config }), await lab.add({ config })];
      expect(await host.answersPing(c.ns, d.ip4)).toBe(false);
      expect(await host.answersPing(c.ns, uplink.outside4)).toBe(true);
    });

    it("do not pass between host and container, unless the host has an adapter of its own", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const before = await host.snapshot();
      const a = await lab.add();
      expect(await host.changes(before)).toBe("");
      expect(await host.answersPing(host.ns, a.ip4)).toBe(false);
      const b = await lab.add({ config: secondLan({ hostAccess: true }) });
      for (const { of, host: own } of families) {
        expect(await host.answersPing(host.ns, b[of])).toBe(true);
        expect(await host.answersPing(b.ns, own)).toBe(true);
        expect(await host.answersPing(host.outside, b[of])).toBe(true);
        expect(await host.answersPing(host.outside, own)).toBe(true);
      }
    });

    it("are gone with DEL, with nothing left on the host", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const before = await host.snapshot();
      const a = await lab.add();
      const check = await lab.check(a);
      expect(check.stdout).toBe("");
      await lab.done("DEL", a);
      await lab.done("DEL", a);
      expect(await host.changes(before)).toBe("");
      expect(await host.exec(a.ns, "ip", "-o", "link", "show", "type", "macvlan")).toBe("");
    });
  },
);

describe.skipIf(reason !== undefined)(`what the kernel cannot do${reason ? ` (${reason})` : ""}`, () => {
  it("is error 2 with the module that is missing, and nothing is left behind", async (context) => {
    await using lab = await createLanLab();
    const { host } = lab;
    const made = await host.run(host.ns, [
      "ip",
      "link",
      "add",
      "link",
      "eth0",
      "v",
      "type",
      "vlan",
      "id",
      "7",
    ]);
    if (made.exitCode === 0) context.skip("this kernel has 8021q");
    const before = await host.snapshot(lab.everything);
    const a = await host.compartment();
    const failure = await lab.refused("ADD", { id: "a", netns: a.path, config: lanWith({ vlan: 42 }) });
    expect(failure).toMatchObject({ code: 2, msg: expect.stringContaining("8021q") });
    expect(await host.changes(before, lab.everything)).toBe("");
  });
});
