import { describe, expect, it } from "vitest";
import { addsThatFail } from "./failing-add.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";
import { startSteady } from "./steady.ts";

const reason = whyNoNat();
const config = lanWith({ switch: "bridge" });
const more = `ip address add 203.0.113.5/28 dev eth0
  ip route add default via 192.0.2.3 metric 500 mtu 1400 src 192.0.2.1
  ip neighbour add 192.0.2.50 lladdr 02:00:00:00:00:50 dev eth0 nud permanent`;

describe.skipIf(reason !== undefined)(
  `a first ADD that fails on its way to a bridge${reason ? ` (${reason})` : ""}`,
  () => {
    it("puts all back, whatever of it the kernel refuses", { timeout: 120_000 }, async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      await host.exec(host.ns, "sh", "-ec", more);
      const container = await host.compartment();
      const steady = await startSteady(lab, host.outside, host.ns, "192.0.2.1");
      const all = await addsThatFail(lab, {
        type: "transparent",
        container,
        config,
        timeoutMs: 110_000,
        // All that changes the host's links, and nothing twice that a setting is.
        counted:
          "^(link (add|set)|addr (add|replace|del)|route (add|append|del)|neigh |write net.ipv6.conf.vsw-transparent.(dis|acc))",
      });
      const failures = all.filter(({ failed }) => failed !== undefined);
      for (const { failed, exitCode, stdout, left } of failures) {
        expect(left, failed).toBe("");
        // What is refused of what may be there already, or of what is only better, is no failure.
        if (exitCode !== 0) expect(JSON.parse(stdout).msg, failed).not.toContain("undefined");
      }
      const moved = failures.filter(({ failed }) => /^(addr|route|neigh|link set index)/.test(failed ?? ""));
      console.log(`${failures.length} failures, ${moved.length} of them while the host moves`);
      expect(moved.length).toBeGreaterThan(20);
      expect(all.at(-1)).toMatchObject({ exitCode: 0 });
      const { lost, longestMs } = await steady.seen();
      expect(lost).toBe("");
      console.log(`longest silence ${longestMs.toFixed(0)} ms`);
    });
  },
);
