import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lan, secondLan } from "./lan-lab.ts";
import { binDir, dual, type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();
const nat = { name: "nat", type: "nat", ...dual };
const reached = secondLan({ hostAccess: true });

/** A nat network and two transparent ones, of which the host reaches the second. */
async function attachAll(lab: NatLab) {
  return {
    web: await lab.add({ id: "web" }),
    far: await lab.add({ id: "far", config: reached }),
    behind: await lab.add({ id: "behind", config: nat }),
  };
}

interface Shown {
  readonly networks: readonly { readonly name: string; readonly state: string }[];
  readonly endpoints: readonly {
    readonly containerId: string;
    readonly state: string;
    readonly port?: string;
    readonly counters?: { readonly out: { readonly packets: number } };
  }[];
}

const states = (shown: unknown) =>
  Object.fromEntries((shown as Shown).endpoints.map(({ containerId, state }) => [containerId, state]));

describe.skipIf(reason !== undefined)(
  `vswitch on a host with transparent networks${reason ? ` (${reason})` : ""}`,
  () => {
    it("shows a vNIC on the uplink as up, with its own counters and without a port", async () => {
      await using lab = await createLanLab();
      const { web } = await attachAll(lab);
      const tool = toolOf(lab);
      expect(await lab.host.answersPing(web.ns, uplink.outside4)).toBe(true);
      const shown = (await tool.json("show")) as Shown;
      expect(states(shown)).toEqual({ web: "up", far: "up", behind: "up" });
      const [one] = shown.endpoints.filter(({ containerId }) => containerId === "web");
      expect(one).not.toHaveProperty("port");
      expect(one?.counters?.out.packets).toBeGreaterThan(0);
      const host = await tool("show");
      expect(host.stdout).toMatch(/transparent +transparent +macvlan on eth0 +up/);
      expect(host.stdout).toContain("own MACs by eth0");
      const text = await tool("show", "far");
      expect(text.stdout).toContain("macvlan mode bridge on eth0; no port on the host");
      expect(text.stdout).toContain("reached, by its adapter vsh-second");
      expect((await tool("show", "transparent")).stdout).toContain("not reached: eth0");
      const stats = await tool("stats", "transparent");
      expect(stats.stdout).toMatch(/transparent\/web\/eth0 +eth0 inside +\d+ p/);
      expect(stats.stdout).not.toContain("vp-");
    });

    it("tells apart an uplink that is down, gone, and back again without what hung on it", async () => {
      await using lab = await createLanLab();
      const { behind } = await attachAll(lab);
      const { host } = lab;
      const tool = toolOf(lab);
      await host.exec(host.ns, "ip", "link", "set", "eth0", "down");
      expect(states(await tool.json("show"))).toMatchObject({ web: "uplink down", behind: "up" });
      const check = await tool("check", "web");
      expect(check.stdout).toContain("its uplink eth0 is down: ip link set dev eth0 up");
      expect((await tool("repair", "web")).stdout).toContain("beyond repair");
      await host.exec(host.ns, "ip", "link", "set", "eth0", "up");
      expect(states(await tool.json("show"))).toMatchObject({ web: "up", far: "up" });
      await host.exec(host.outside, "ip", "link", "set", "eth0", "down");
      const networks = ((await tool.json("show")) as Shown).networks;
      expect(networks.find(({ name }) => name === "second")?.state).toBe("no carrier");
      await host.exec(host.ns, "ip", "link", "delete", "eth0");
      expect(states(await tool.json("show"))).toMatchObject({ web: "uplink gone", far: "uplink gone" });
      expect((await tool("repair", "far")).stdout).toContain("bring that back and restart the container");
      await host.exec(host.ns, "ip", "link", "add", "eth0", "type", "bridge");
      await host.exec(host.ns, "ip", "link", "set", "eth0", "up");
      expect(states(await tool.json("show"))).toMatchObject({ web: "vNIC gone", behind: "up" });
      expect((await lab.check(behind)).exitCode).toBe(0);
    });

    it("captures an endpoint in its compartment, and a network by its MACs on the uplink", async () => {
      await using lab = await createLanLab();
      const { web, far } = await attachAll(lab);
      const { host } = lab;
      const captured = async (target: string) => {
        const capture = toolOf(lab)(
          "capture",
          target,
          "--json",
          "--proto",
          "icmp",
          "--count",
          "2",
          "--host",
          "192.0.2.0/24",
        );
        const ping = (from: typeof web) =>
          host.run(from.ns, ["busybox", "ping", "-c", "8", "-i", "0.2", uplink.outside4]);
        await Promise.all([ping(far), ping(web)]);
        const done = await capture;
        const frames = done.stdout.split("\n").map((line) => JSON.parse(line));
        return { frames, stderr: done.stderr };
      };
      const inside = await captured("web");
      expect(inside.frames).toMatchObject([
        { direction: "Out", source: web.ip4, destination: uplink.outside4 },
        { direction: "In", source: uplink.outside4, destination: web.ip4 },
      ]);
      expect(inside.stderr).toContain("2 frames of eth0 in /run/netns/");
      // The other network pings as well; it is not of this one.
      const onUplink = await captured("transparent");
      expect(onUplink.frames).toMatchObject([
        { direction: "Out", source: web.ip4 },
        { direction: "In", destination: web.ip4 },
      ]);
    });

    it("puts back an address, a route and the host's adapter, by repair and by the agent", async () => {
      await using lab = await createLanLab();
      const { web, far } = await attachAll(lab);
      const { host } = lab;
      const tool = toolOf(lab);
      await host.exec(web.ns, "ip", "address", "flush", "dev", "eth0", "scope", "global");
      await host.exec(host.ns, "ip", "link", "delete", "vsh-second");
      const dry = await tool("repair", "--dry-run");
      expect(dry.stdout).toContain(`addr add ${web.ip4}/24`);
      expect((await tool("repair")).stdout).toContain("3 endpoints: 2 mended, 1 as planned");
      expect((await lab.check(web)).exitCode).toBe(0);
      expect(await host.answersPing(host.ns, far.ip4)).toBe(true);
      await using child = tool.start("agent", "--settle", "0.1", "--interval", "3600");
      const start = await child.line((line) => line.includes("watching"), "its start");
      expect(start).toContain("what changes in the compartments of 2 that have no port on the host");
      await host.exec(host.ns, "ip", "link", "delete", "vsh-second");
      await child.line((line) => line.endsWith("far/eth0: mended"), "what it did");
      expect(await host.answersPing(host.ns, far.ip4)).toBe(true);
    });

    it("forgets containers whose compartments are gone, with the host's ways to them", async () => {
      await using lab = await createLanLab();
      const { web, far, behind } = await attachAll(lab);
      await lab.host.remove(far.ns);
      const tool = toolOf(lab);
      expect(states(await tool.json("show"))).toMatchObject({ far: "compartment gone" });
      expect((await tool("gc")).stdout).toContain("second/far/eth0");
      expect(states(await tool.json("show"))).toEqual({ web: "up", behind: "up" });
      expect(await lab.host.exec(lab.host.ns, "ip", "route", "show", far.ip4)).toBe("");
      expect((await lab.check(web)).exitCode).toBe(0);
      expect((await lab.check(behind)).exitCode).toBe(0);
    });

    it("runs a command on a transparent network, and leaves nothing of it", async () => {
      await using lab = await createLanLab();
      const file = join(lab.host.dir, "lan.conflist");
      const plugin = { type: "transparent", ...lan };
      writeFileSync(file, JSON.stringify({ cniVersion: "1.1.0", name: "lan", plugins: [plugin] }));
      const ping = ["busybox", "ping", "-c", "1", "-W", "2", uplink.outside4];
      const ran = await toolOf(lab)("run", "--net", file, "--bin-dir", binDir, "--", ...ping);
      expect(ran).toMatchObject({ exitCode: 0 });
      expect(ran.stdout).toContain("1 packets received");
      expect(lab.rows().filter((row) => row.startsWith("endpoints"))).toEqual([]);
    });

    it("names no ports that are not there to a shell that completes", async () => {
      await using lab = await createLanLab();
      await attachAll(lab);
      const tool = toolOf(lab);
      const words = async (...line: readonly string[]) =>
        (await tool("--get-yargs-completions", "vswitch", ...line)).stdout.split("\n").filter(Boolean);
      expect(await words("capture", "vp-")).toHaveLength(1);
      expect(await words("capture", "")).toEqual(expect.arrayContaining(["web", "far", "second"]));
    });

    it("traces what the kernel does between siblings, host and LAN, and sends no live probe", async () => {
      await using lab = await createLanLab();
      const { web, far } = await attachAll(lab);
      const tool = toolOf(lab);
      const verdict = async (from: string, to: string) =>
        (await tool("trace", "--from", from, "--to", to, "--minimal")).stdout.split("\n").at(-1);
      expect(await verdict("web", far.ip4)).toMatch(/^delivered second\/far\/eth0/);
      expect(await verdict("web", uplink.host4)).toBe("dropped vnic.neighbour host-apart");
      expect(await verdict("far", uplink.host4)).toMatch(/^delivered host/);
      expect(await verdict("far", uplink.host6)).toMatch(/^delivered host/);
      expect(await verdict("host", web.ip6)).toBe("dropped host.neighbour host-apart");
      expect(await verdict("host", far.ip6)).toMatch(/^delivered second\/far\/eth0/);
      expect(await verdict("web", uplink.outside4)).toMatch(/^leaves eth0/);
      const live = await tool("trace", "--from", "web", "--to", uplink.outside4, "--live");
      expect(live.exitCode).toBe(2);
      expect(live.stderr).toContain("(macvlan on eth0) has none of either");
    });

    it("draws the uplink with its switches, and finds nothing wrong with a host that is well", async () => {
      await using lab = await createLanLab();
      await attachAll(lab);
      const tool = toolOf(lab);
      const dot = await tool("graph", "--format", "dot");
      expect(dot.stdout).toContain('"interface eth0" -> "switch eth0 of transparent"');
      expect(dot.stdout).toContain('"switch eth0 of second" -> "hostAdapter vsh-second"');
      expect(dot.stdout.match(/"port vp-/g)).toHaveLength(3);
      const findings = JSON.parse((await tool("doctor", "--json")).stdout) as {
        readonly id: string;
        readonly severity: string;
      }[];
      expect(findings.filter(({ severity }) => severity === "error" || severity === "warning")).toEqual([]);
      expect(findings).toContainEqual(expect.objectContaining({ id: "external-uplink", severity: "ok" }));
      const bundle = join(lab.host.dir, "bundle.tar");
      expect(await tool("support-bundle", "-o", bundle)).toMatchObject({ exitCode: 0 });
      const counters = await lab.host.exec(
        lab.host.ns,
        "tar",
        "-xOf",
        bundle,
        "--wildcards",
        "*counters.json",
      );
      expect(JSON.parse(counters)).toMatchObject({ uplinks: [{ name: "eth0", up: true, carrier: true }] });
    });
  },
);
