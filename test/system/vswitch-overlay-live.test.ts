import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import type { Snapshot } from "./snapshot.ts";
import { toolOf } from "./tool.ts";

const why = whyNoNat();
const tag = "4a3f";
const acl = { Type: "ACL", Settings: { Action: "Block", Direction: "In", Protocols: "6", LocalPorts: "81" } };

describe.skipIf(why).each([
  { mode: "routed", underlay: 4 },
  { mode: "stretched", underlay: 6 },
] as const)(
  `vswitch trace --live to another host, $mode over IPv$underlay${why ? ` (${why})` : ""}`,
  ({ mode, underlay }) => {
    let lab: OverlayLab;
    let first: OverlayHost;
    let second: OverlayHost;
    let b: Attached;
    beforeAll(async () => {
      lab = await createOverlayLab({ mode, underlay });
      [first, second] = lab.hosts as [OverlayHost, OverlayHost];
      const policies = { policies: [acl], defaultAction: "Allow" };
      [, b] = await Promise.all([
        first.add({ id: "a" }),
        second.add({ id: "b", config: { ...second.config, ...policies } }),
      ]);
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    /** What both ends say of one probe; both hosts are afterwards as they were. */
    async function both(to: string, wait = 20) {
      const before = await Promise.all(lab.hosts.map(({ host }) => host.snapshot()));
      await using watching = toolOf(second).start("trace", "--await", tag, "--wait", `${wait}`);
      await watching.line((line) => line.startsWith("waiting"), "that it waits");
      const words = ["trace", "--from", "a", "--to", to, "--live", "--tag", tag, "--diff-kernel"];
      const [near, exitCode] = await Promise.all([toolOf(first)(...words), watching.ended]);
      for (const [i, { host }] of lab.hosts.entries())
        expect(await host.changes(before[i] as Snapshot)).toBe("");
      return { near, far: { exitCode, stdout: watching.lines.slice(1).join("\n") } };
    }

    /** With something changed on a host, for as long as that takes. */
    async function amiss<T>(
      { host }: OverlayHost,
      [make, undo]: readonly [string, string],
      fn: () => Promise<T>,
    ) {
      await host.exec(host.ns, "sh", "-ec", make);
      try {
        return await fn();
      } finally {
        await host.exec(host.ns, "sh", "-ec", undo);
      }
    }

    it.each(["ip4", "ip6"] as const)("is seen all the way on both hosts (%s)", async (family) => {
      const { near, far } = await both(b[family]);
      expect(near.stdout).toContain(`Kernel: the probe left by eth0 to VTEP ${second.vtep} with source `);
      expect(near.stdout).toContain(`\`vswitch trace --await ${tag}\` there first`);
      expect(near.stdout).toContain(`Kernel: what leads to other hosts of ${first.config.name} is there`);
      expect(near.stdout).toContain("Model and kernel agree.");
      expect(near.exitCode).toBe(0);
      for (const stage of [
        "underlay.arrival",
        "tunnel.source",
        "underlay.foreign.input",
        "tunnel.in",
        "port.acl.in",
      ])
        expect(far.stdout).toContain(`\n${stage} `);
      expect(far.stdout).toMatch(/\nIt arrived at (blue|red)\/b\/eth0\.$/);
      expect(far.exitCode).toBe(0);
    });

    it("makes a tag where none is given, lets no other probe run meanwhile, and leaves nothing at a signal", async () => {
      const before = await second.host.snapshot();
      await using watching = toolOf(second).start("trace", "--await");
      const told = await watching.line((line) => line.startsWith("waiting for 60 s"), "that it waits");
      expect(told).toMatch(/ --tag [0-9a-f]{4} /);
      const other = await toolOf(second)("trace", "--await", tag);
      expect(other).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("another live probe is running"),
      });
      process.kill(watching.pid, "SIGINT");
      expect(await watching.ended).toBe(3);
      expect(await second.host.changes(before)).toBe("");
    });

    it("ends at an ACL of the other host's container, which that host tells", async () => {
      const { near, far } = await both(`${b.ip4}:81`);
      expect(near.exitCode).toBe(0);
      expect(far).toMatchObject({
        exitCode: 3,
        stdout: expect.stringMatching(/\nIt was dropped by table bridge vswitch, chain /),
      });
    });

    it("ends at the filter of senders of a host that does not know the other", async () => {
      const element = `inet vswitch vteps${underlay} { ${first.vtep} . ${first.config.vni} . 0`;
      const comment = `comment \\"vswitch:network ${first.config.name}\\"`;
      const change = [
        `nft "delete element ${element} }"`,
        `nft "add element ${element} ${comment} }"`,
      ] as const;
      const { far } = await amiss(second, change, () => both(b.ip4));
      expect(far.exitCode).toBe(3);
      expect(far.stdout).toMatch(/\nIt was dropped by table inet vswitch, chain tunnel_refuse: /);
    });

    it("ends where a row is gone, at the tunnel, and nothing comes to the other host", async () => {
      const mac = mode === "routed" ? "0e:2a:c0:00:02:02" : "0e:2a:0a:32:00:20";
      const row = `${mac} dev vsx-${first.config.name} dst ${second.vtep} self permanent`;
      const change = [`bridge fdb delete ${row}`, `bridge fdb append ${row}`] as const;
      const { near, far } = await amiss(first, change, () => both(b.ip4, 2));
      expect(near.exitCode).toBe(5);
      expect(near.stdout).toMatch(/\ntunnel\.vtep +drop: no row +not seen there\n/);
      expect(near.stdout).toContain(`vanished after tunnel vsx-${first.config.name}: no row tells`);
      expect(near.stdout).toContain("Model and kernel agree.");
      expect(near.stdout).toMatch(/to other hosts of \w+ DIFFERS from the model:\n {2}missing +fdb 0e:2a/);
      expect(far).toMatchObject({
        exitCode: 3,
        stdout: expect.stringMatching(/^The probe 4a3f did not come: /),
      });
    });

    it("ends at a firewall of this host that drops what carries it", async () => {
      const chain = "chain o { type filter hook output priority 0; udp dport 4789 drop; };";
      const change = [`nft "table inet fw { ${chain} }"`, "nft delete table inet fw"] as const;
      const { near } = await amiss(first, change, () => both(b.ip6, 2));
      expect(near.exitCode).toBe(3);
      expect(near.stdout).toMatch(/dropped by table inet fw, chain o: the rule "udp dport 4789 drop"/);
      expect(near.stdout).toContain("Model and kernel agree.");
    });
  },
);
