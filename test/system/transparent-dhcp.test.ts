import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { leasesAt, startDnsmasq, whyNoDhcp } from "./dhcp-lab.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { type Attached, binDir, createLab, type NatLab } from "./nat-lab.ts";

const reason = whyNoDhcp();
const range = "--dhcp-range=192.0.2.100,192.0.2.109,2m";
const asking = { ipam: { type: "ipam", source: "dhcp", timeout: 5 } };

/** The machine of the LAN serves DHCP, and is the router. */
const serve = ({ host }: NatLab, ...more: readonly string[]): Promise<Child> =>
  startDnsmasq(host, host.outside, range, "--dhcp-option=option:router,192.0.2.2", ...more);

const startAgent = async ({ host, dataDir }: NatLab): Promise<Child> => {
  const agent = host.start(host.ns, [join(binDir, "vswitch"), "agent"], { VSWITCH_DATA_DIR: dataDir });
  await agent.line((line) => line.includes("watching"), "its start");
  return agent;
};

const macOf = ({ result }: Attached): string => result.interfaces[0]?.mac ?? "";

describe.skipIf(reason !== undefined)(`addresses by DHCP${reason ? ` (${reason})` : ""}`, () => {
  it("are lent to the container's own MAC, with the LAN's router, name servers and a name", async () => {
    await using lab = await createLanLab({ config: asking });
    const { host } = lab;
    await using _server = await serve(lab, "--dhcp-option=option:dns-server,192.0.2.53", "--domain=lan.test");
    const a = await lab.add({ args: "K8S_POD_NAME=web-0;IgnoreUnknown=1" });
    expect(a.ip4).toMatch(/^192\.0\.2\.10\d$/);
    expect(a.gateway4).toBe("192.0.2.2");
    expect(a.result.dns).toMatchObject({ nameservers: ["192.0.2.53"], domain: "lan.test" });
    expect(await host.answersPing(host.outside, a.ip4)).toBe(true);
    expect(await host.exec(host.outside, "ip", "neighbour", "show", a.ip4)).toContain(macOf(a));
    expect(leasesAt(host, host.outside)).toMatch(new RegExp(`${macOf(a)} ${a.ip4} web-0 ff:`));
    const check = await lab.check(a);
    expect(check.stdout).toBe("");
  });

  it("go back to the server with DEL, and come back to a container of the same name", async () => {
    await using lab = await createLanLab({ config: asking });
    const { host } = lab;
    await using server = await serve(lab);
    const before = await host.snapshot();
    const [a, b] = [await lab.add({ id: "a" }), await lab.add({ id: "b" })];
    expect(a.ip4).not.toBe(b.ip4);
    await lab.done("DEL", a);
    await server.line((line) => line.includes(`DHCPRELEASE(eth0) ${a.ip4}`), "what DEL told it");
    await lab.done("DEL", b);
    const again = await lab.add({ id: "a" });
    expect(again.ip4).toBe(a.ip4);
    expect(macOf(again)).toBe(macOf(a));
    await lab.done("DEL", again);
    expect(await host.changes(before)).toBe("");
    expect(lab.rows().filter((row) => !row.startsWith("networks"))).toEqual([]);
  });

  it("go back to the server with GC, and with a DEL that comes when the container is gone", async () => {
    await using lab = await createLanLab({ config: asking });
    await using server = await serve(lab);
    const released = (ip: string) =>
      server.line((line) => line.includes(`DHCPRELEASE(eth0) ${ip}`), `the end of ${ip}`);
    const [a, b] = [await lab.add(), await lab.add()];
    await lab.done("GC", {
      config: { ...asking, "cni.dev/valid-attachments": [{ containerID: b.id, ifname: "eth0" }] },
    });
    await released(a.ip4);
    await lab.host.remove(b.ns);
    await lab.done("DEL", b);
    await released(b.ip4);
  });

  it("are declined where a machine of the LAN has one already, and another is taken", async () => {
    await using lab = await createLanLab({ config: asking });
    await using server = await serve(lab, "--dhcp-sequential-ip");
    const only = { subnet: "192.0.2.0/24", rangeStart: "192.0.2.100", rangeEnd: "192.0.2.100" };
    const holder = await lab.add({ config: { name: "static", ipam: { type: "ipam", ...only } } });
    expect(holder.ip4).toBe("192.0.2.100");
    const a = await lab.add();
    expect(a.ip4).not.toBe("192.0.2.100");
    expect(server.lines.some((line) => line.includes("DHCPDECLINE(eth0) 192.0.2.100"))).toBe(true);
  });

  it("are those that the runtime asks for, or none", async () => {
    const config = { ...asking, capabilities: { ips: true } };
    await using lab = await createLanLab({ config });
    await using _server = await serve(lab);
    const a = await lab.add({ runtimeConfig: { ips: ["192.0.2.107/24"] } });
    expect(a.ip4).toBe("192.0.2.107");
    const ns = await lab.host.compartment();
    const failure = await lab.refused("ADD", {
      id: "b",
      netns: ns.path,
      config,
      runtimeConfig: { ips: ["192.0.2.7/24"] },
    });
    expect(failure).toMatchObject({ code: 103, msg: expect.stringContaining("192.0.2.7") });
    expect(await lab.host.exec(ns, "ip", "-o", "link", "show", "type", "macvlan")).toBe("");
  });

  it("that nobody lends are waited for no longer than told, and leave nothing behind", async () => {
    const config = { ...asking, ipam: { ...asking.ipam, timeout: 1 } };
    await using lab = await createLanLab({ config });
    const ns = await lab.host.compartment();
    const before = await lab.host.snapshot(lab.everything);
    const inside = await lab.host.snapshot({}, ns);
    const outcome = await lab.call("ADD", { id: "a", netns: ns.path, config });
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      code: 11,
      msg: expect.stringMatching(/no lease in 1 s, asked (once|\d+ times), no server answered/),
    });
    expect(outcome.elapsedMs).toBeGreaterThan(1000);
    expect(outcome.elapsedMs).toBeLessThan(4000);
    expect(await lab.host.changes(before, lab.everything)).toBe("");
    expect((await lab.host.snapshot({}, ns)).toString()).toBe(inside.toString());
  });

  it("end at a time that ADD tells where no agent is there, and are renewed where one is", async () => {
    await using lab = await createLanLab({ config: asking });
    await using server = await serve(lab, "--dhcp-option=option:T1,1", "--dhcp-option=option:T2,3");
    const ns = await lab.host.compartment();
    const alone = await lab.call("ADD", { id: "alone", netns: ns.path, config: asking });
    expect(alone.stderr).toMatch(
      /lease of 192\.0\.2\.10\d\/24 .* ends in 120 s .*vswitch agent is not running/,
    );
    await using agent = await startAgent(lab);
    const other = await lab.host.compartment();
    await expect
      .poll(async () => (await lab.call("STATUS", { config: asking })).exitCode, { timeout: 5000 })
      .toBe(0);
    const kept = await lab.call("ADD", { id: "kept", netns: other.path, config: asking });
    expect(kept.stderr).toBe("");
    const { ips } = JSON.parse(kept.stdout) as Attached["result"];
    const ip = ips[0]?.address.split("/")[0];
    const acks = () => server.lines.filter((line) => line.includes(`DHCPACK(eth0) ${ip}`)).length;
    await expect.poll(acks, { timeout: 10_000, message: agent.lines.join("\n") }).toBeGreaterThan(1);
  });

  it("are nothing that a nat network can ask for", async () => {
    await using lab = await createLab();
    const ns = await lab.host.compartment();
    const before = await lab.host.snapshot(lab.everything);
    const failure = await lab.refused("ADD", { id: "a", netns: ns.path, config: asking });
    expect(failure).toMatchObject({ code: 2, msg: expect.stringContaining("dhcp") });
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });

  it("come to a container of the reference macvlan by our ipam, too", async () => {
    await using lab = await createLanLab({ config: lanWith({}) });
    const { host, dataDir } = lab;
    await using server = await serve(lab);
    const ns = await host.compartment();
    const stdin = { cniVersion: "1.0.0", name: "ref", type: "macvlan", master: "eth0", ...asking };
    const env = {
      CNI_CONTAINERID: "m",
      CNI_NETNS: ns.path,
      CNI_IFNAME: "eth0",
      CNI_PATH: binDir,
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      VSWITCH_DATA_DIR: dataDir,
    };
    const added = await host.plugin("/usr/lib/cni/macvlan", { verb: "ADD", env, stdin });
    expect(added.exitCode, added.stdout + added.stderr).toBe(0);
    const { ips } = JSON.parse(added.stdout) as Attached["result"];
    const ip = ips[0]?.address.split("/")[0] ?? "";
    expect(await host.answersPing(host.outside, ip)).toBe(true);
    const gone = await host.plugin("/usr/lib/cni/macvlan", { verb: "DEL", env, stdin });
    expect(gone.exitCode).toBe(0);
    await server.line((line) => line.includes(`DHCPRELEASE(eth0) ${ip}`), "what DEL told it");
  });
});
