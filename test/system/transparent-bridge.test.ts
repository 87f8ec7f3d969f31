import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const config = lanWith({ switch: "bridge" });

describe.skipIf(reason !== undefined)(
  `a transparent network on a bridge${reason ? ` (${reason})` : ""}`,
  () => {
    it("lets container, host and LAN reach each other", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const a = await lab.add();
      const b = await lab.add();
      console.log(await host.exec(host.ns, "sh", "-c", "ip a; ip r; ip -6 r; ip r show table local"));
      for (const [from, to] of [
        [host.outside, a.ip4],
        [host.outside, a.ip6],
        [host.outside, uplink.host4],
        [host.outside, uplink.host6],
        [host.ns, a.ip4],
        [host.ns, a.ip6],
        [host.ns, uplink.outside4],
        [host.ns, uplink.outside6],
        [a.ns, uplink.host4],
        [a.ns, uplink.host6],
        [a.ns, uplink.outside4],
        [a.ns, uplink.outside6],
        [a.ns, b.ip4],
        [a.ns, b.ip6],
      ] as const)
        expect(await host.answersPing(from, to), to).toBe(true);
    });

    it("is undone completely when nobody is left", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const before = await host.snapshot();
      const a = await lab.add();
      const check = await lab.check(a);
      expect(check.stdout).toBe("");
      await lab.done("DEL", a);
      await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
      expect(await host.changes(before)).toBe("");
    });
  },
);
