import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LiveResult } from "../../lib/model/live/live.ts";
import { startIn } from "./child.ts";
import { uplink } from "./host.ts";
import { probe } from "./live-lab.ts";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

const portOf = ({ result }: Attached): string =>
  result.interfaces.find(({ name }) => name.startsWith("vp-"))?.name ?? "";

const stages = ({ stages: all }: LiveResult) => [...new Set(all.flatMap(({ stage }) => stage ?? []))];

describe.skipIf(reason !== undefined)(`a live probe${reason ? ` (${reason})` : ""}`, () => {
  let lab: NatLab;
  let a: Attached;
  let b: Attached;
  let guarded: Attached;
  let strange: Attached;
  beforeAll(async () => {
    lab = await createLab();
    a = await lab.add({ id: "a" });
    b = await lab.add({ id: "b", runtimeConfig: publish("8080:80/tcp") });
    guarded = await lab.add({
      id: "closed",
      config: {
        ...dual,
        policies: [
          { Type: "ACL", Settings: { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80" } },
        ],
        defaultAction: { In: "Block", Out: "Allow" },
      },
    });
    strange = await lab.add({ id: "strange", config: other });
  }, 60_000);
  afterAll(() => lab?.[Symbol.asyncDispose]());

  /** The probe, and whether the host is afterwards as it was. */
  async function probeClean(from: Attached, ask: Parameters<typeof probe>[2]): Promise<LiveResult> {
    const before = await lab.host.snapshot();
    const result = await probe(lab, from, ask);
    expect(await lab.host.changes(before)).toBe("");
    return result;
  }

  for (const family of ["ip4", "ip6"] as const) {
    it(`arrives at another container of the network (${family})`, async () => {
      for (const protocol of ["icmp", "udp", "tcp"] as const) {
        const result = await probeClean(a, { to: b[family], protocol, port: 7 });
        expect(result.verdict).toMatchObject({
          kind: "arrived",
          endpoint: "nat/b/eth0",
          place: "vnic",
          header: { source: a[family], destination: b[family] },
        });
        expect(result.last).toBe("eth0 of nat/b/eth0");
        expect(stages(result)).toEqual(
          expect.arrayContaining(["port.out", "switch.forward", "port.qos.in", "vnic"]),
        );
      }
    });

    it(`leaves by the uplink with the address of the host (${family})`, async () => {
      const { host4, host6, outside4, outside6 } = uplink;
      const [seen, to] = family === "ip4" ? [host4, outside4] : [host6, outside6];
      const result = await probeClean(a, { to, protocol: "udp", port: 53 });
      expect(result.verdict).toMatchObject({
        kind: "left",
        interface: "eth0",
        header: { source: seen, destination: to, destinationPort: 53 },
      });
      expect(stages(result)).toEqual([
        "vnic.neighbour",
        "port.out",
        "port.guard",
        "switch.foreign.prerouting",
        "switch.forward",
        "switch.foreign.input",
        "host.arrival",
        "host.nat.prerouting",
        "host.mtu",
        "host.isolation",
        "host.nat.postrouting",
        "host.neighbour",
      ]);
    });

    it(`arrives at the host itself (${family})`, async () => {
      const gateway = family === "ip4" ? a.gateway4 : a.gateway6;
      expect((await probeClean(a, { to: gateway })).verdict).toEqual({ kind: "arrived at the host" });
    });

    it(`is not sent where nobody answers for the address (${family})`, async () => {
      const nobody = family === "ip4" ? "10.61.0.200" : "fd00:61::200";
      const result = await probeClean(a, { to: nobody });
      expect(result.verdict).toEqual({
        kind: "vanished",
        after: "nowhere",
        stages: ["vnic.neighbour"],
        hint: `nobody answers who has ${nobody}`,
      });
    });

    it(`is dropped between networks that are not reachable (${family})`, async () => {
      const result = await probeClean(a, { to: strange[family] });
      expect(result.verdict).toMatchObject({
        kind: "dropped",
        stage: "host.isolation",
        table: "inet vswitch",
        chain: "refuse",
      });
    });

    it(`is dropped by the ACLs of the receiver, and passes where they allow (${family})`, async () => {
      const refused = await probeClean(a, { to: guarded[family], protocol: "tcp", port: 81 });
      expect(refused.verdict).toMatchObject({
        kind: "dropped",
        stage: "port.acl.in",
        table: "bridge vswitch",
      });
      const allowed = await probeClean(a, { to: guarded[family], protocol: "tcp", port: 80 });
      expect(allowed.verdict).toMatchObject({ kind: "arrived", endpoint: "nat/closed/eth0" });
    });

    it(`is dropped by the guard when it lies about its source (${family})`, async () => {
      const source = family === "ip4" ? "10.61.0.77" : "fd00:61::77";
      const result = await probeClean(a, { to: b[family], source });
      expect(result.verdict).toMatchObject({
        kind: "dropped",
        stage: "port.guard",
        table: "bridge vswitch",
        chain: "guard_spoofed",
      });
      expect(stages(result)).toEqual(["vnic.neighbour", "port.out", "port.guard"]);
    });
  }

  it("finds nobody between containers of an isolated network, nor where it forges the neighbour", async () => {
    const isolated = {
      name: "alone",
      ipam: { subnet: "10.63.0.0/24" },
      DisableInterComputeCommunication: true,
    };
    const one = await lab.add({ id: "one", config: isolated });
    const two = await lab.add({ id: "two", config: isolated });
    const asked = await probeClean(one, { to: two.ip4 });
    expect(asked.verdict).toMatchObject({ kind: "vanished", stages: ["vnic.neighbour"] });
    const mac = two.result.interfaces.find(({ sandbox }) => sandbox !== undefined)?.mac ?? "";
    await lab.host.exec(one.ns, "ip", "neigh", "replace", two.ip4, "lladdr", mac, "dev", "eth0");
    const forged = await probeClean(one, { to: two.ip4 });
    expect(forged.verdict).toMatchObject({ kind: "vanished", after: "switch, hook prerouting" });
    expect(forged.verdict).toMatchObject({ stages: ["switch.forward"] });
  });

  it("tells that the container itself has no route, or no link", async () => {
    const lost = await lab.add({ id: "lost" });
    await lab.host.exec(lost.ns, "ip", "route", "delete", "default");
    expect((await probeClean(lost, { to: uplink.outside4 })).verdict).toEqual({
      kind: "vanished",
      after: "compartment of nat/lost/eth0",
      stages: ["vnic.route"],
      hint: "the compartment has no route for it (ENETUNREACH)",
    });
    await lab.host.exec(lab.host.ns, "ip", "link", "set", portOf(lost), "down");
    expect((await probe(lab, lost, { to: a.ip4 })).verdict).toMatchObject({ kind: "vanished" });
  });

  it("is followed through a published port", async () => {
    const result = await probeClean(a, { to: uplink.host4, protocol: "tcp", port: 8080 });
    expect(result.verdict).toMatchObject({
      kind: "arrived",
      endpoint: "nat/b/eth0",
      header: { destination: b.ip4, destinationPort: 80 },
    });
  });

  it("waits for the neighbour of a router that does not answer, and says so", async () => {
    const result = await probeClean(a, { to: "192.0.2.77" });
    expect(result.verdict).toMatchObject({
      kind: "vanished",
      after: "host, hook postrouting",
      stages: ["host.neighbour"],
      hint: "nobody answers who has 192.0.2.77",
    });
  });

  it("names what the host answers where it has no route", async () => {
    await lab.host.exec(lab.host.ns, "ip", "route", "add", "unreachable", "198.51.100.0/24");
    const result = await probeClean(a, { to: "198.51.100.1" });
    expect(result.verdict).toMatchObject({ kind: "vanished", after: "host, hook prerouting" });
    expect(result.verdict).toMatchObject({ stages: expect.arrayContaining(["host.route"]) });
    expect(JSON.stringify(result.verdict)).toContain("answered ICMP host unreachable");
    await lab.host.exec(lab.host.ns, "ip", "route", "delete", "unreachable", "198.51.100.0/24");
  });

  it("names the table and chain of another firewall, and the rule", async () => {
    const { host } = lab;
    await host.exec(
      host.ns,
      "nft",
      "add table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }",
    );
    const byPolicy = await probeClean(a, { to: uplink.outside4 });
    expect(byPolicy.verdict).toEqual({
      kind: "dropped",
      stage: "host.foreign.forward",
      table: "ip filter",
      chain: "FORWARD",
    });
    await host.exec(host.ns, "nft", "add chain ip filter MINE");
    await host.exec(host.ns, "nft", "add rule ip filter MINE ip protocol icmp drop");
    await host.exec(host.ns, "nft", 'add rule ip filter FORWARD iifname "vsw-*" jump MINE');
    const byRule = await probeClean(a, { to: uplink.outside4 });
    expect(byRule.verdict).toMatchObject({ chain: "MINE", rule: "ip protocol icmp drop" });
    expect(byRule.stages.map(({ what }) => what)).toContain('iifname "vsw-*" jump MINE');
    await host.exec(host.ns, "nft", "delete table ip filter");
  });

  it("leaves nothing behind when its process is killed, and two do not disturb each other", async () => {
    const { host } = lab;
    const before = await host.snapshot();
    const child = startIn(host.ns, [process.execPath, join(import.meta.dirname, "live-child.ts")]);
    await child.line((line) => line === "watching", "tables made");
    expect(await host.exec(host.ns, "nft", "list", "tables")).toContain("vswitch_live");
    await expect(probe(lab, a, { to: b.ip4 })).rejects.toThrow("another live probe is running");
    process.kill(child.pid, "SIGKILL");
    await child.stop();
    expect(await host.changes(before)).toBe("");
    expect((await probe(lab, a, { to: b.ip4 })).verdict.kind).toBe("arrived");
  });
});
