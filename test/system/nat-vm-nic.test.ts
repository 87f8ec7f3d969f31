import { describe, expect, it } from "vitest";
import { type Guest, startGuest, tapOf } from "./guest.ts";
import { uplink } from "./host.ts";
import { frameRate, startIperf, whyNoIperf } from "./iperf.ts";
import { type Attached, createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat() ?? whyNoIperf();
const guestOf = (config: object = {}) => ({ ...dual, vnic: "vmNic", ...config });
const places = [
  ["in the compartment", {}],
  ["in the compartment under its own name", { tapName: "tap0" }],
  ["on the switch", { vmNicAttach: "switch" }],
] as const;

async function attach(
  lab: NatLab,
  config: object = {},
  ask: object = {},
): Promise<Attached & Guest & { readonly inside: Attached["ns"] }> {
  const attached = await lab.add({ config: guestOf(config), ...ask });
  return { ...attached, inside: attached.ns, ...(await startGuest(lab, attached)) };
}

describe.skipIf(reason !== undefined)(`a guest on a nat network${reason ? ` (${reason})` : ""}`, () => {
  it.each(places)("whose tap is %s reaches all that a process does, and is reached", async (_, config) => {
    await using lab = await createLab();
    const { host } = lab;
    const process = await lab.add();
    const guest = await attach(lab, config, { runtimeConfig: publish("8080:80/tcp", "8053:53/udp") });
    const pings: readonly (readonly [typeof host.ns, string])[] = [
      [guest.ns, guest.gateway4],
      [guest.ns, guest.gateway6],
      [guest.ns, process.ip4],
      [guest.ns, process.ip6],
      [process.ns, guest.ip4],
      [process.ns, guest.ip6],
      [host.ns, guest.ip4],
      [host.ns, guest.ip6],
      [guest.ns, uplink.outside4],
      [guest.ns, uplink.outside6],
    ];
    for (const [from, to] of pings) expect(await host.answersPing(from, to), `${from.name} ${to}`).toBe(true);
    // The LAN sees the host's address, and reaches the guest by a port of the host.
    for (const [at, from] of [
      [uplink.outside4, uplink.host4],
      [uplink.outside6, uplink.host6],
    ] as const) {
      await host.echo(host.outside, { protocol: "tcp", address: at, port: 7000 });
      expect(await host.ask(guest.ns, { protocol: "tcp", address: at, port: 7000 })).toMatchObject({ from });
    }
    await host.echo(guest.ns, { protocol: "tcp", address: "::", port: 80 });
    await host.echo(guest.ns, { protocol: "udp", address: guest.ip4, port: 53 });
    for (const address of [uplink.host4, uplink.host6])
      expect(await host.answers(host.outside, { protocol: "tcp", address, port: 8080 }), address).toBe(true);
    expect(await host.answers(host.outside, { protocol: "udp", address: uplink.host4, port: 8053 })).toBe(
      true,
    );
    await expectNothingSeen(lab, guest.inside);
    expect(await lab.check({ ...guest, ns: guest.inside })).toMatchObject({ exitCode: 0 });
  });

  it("is held by its ACLs and its guard at the switch, wherever its tap is", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const process = await lab.add();
    const acl = (Action: string, Protocols: string, Priority: number) => ({
      Type: "ACL",
      Settings: { Action, Protocols, Direction: "Out", Priority },
    });
    for (const [, config] of places.slice(1)) {
      const policies = [acl("Block", "6", 1), acl("Allow", "1", 2)];
      const guest = await attach(lab, { ...config, policies });
      expect(await host.answersPing(guest.ns, process.ip4)).toBe(true);
      const server = await host.echo(process.ns, { protocol: "tcp", address: process.ip4, port: 7000 });
      const ask = { protocol: "tcp", address: process.ip4, port: 7000, timeoutMs: 300 } as const;
      expect(await host.answers(guest.ns, ask)).toBe(false);
      expect(await host.answers(host.ns, ask)).toBe(true);
      await server.stop();
      await expectSpoofedDropped(lab, guest, process);
    }
  });

  it("has the rates of its port", { timeout: 60_000 }, async () => {
    await using lab = await createLab();
    await startIperf(lab.host, lab.host.outside);
    const wanted = 1_250_000;
    const bits = wanted * 8;
    const bandwidth = {
      ingressRate: bits,
      ingressBurst: 2 ** 32 - 1,
      egressRate: bits,
      egressBurst: 2 ** 32 - 1,
    };
    for (const [, config] of places.slice(1)) {
      const guest = await attach(lab, config, { runtimeConfig: { bandwidth } });
      for (const direction of ["out", "in"] as const) {
        const flow = { protocol: "udp", direction, seconds: 1, bytesPerSecond: wanted * 1.5 } as const;
        const rate = await frameRate(lab.host, guest.ns, uplink.outside4, flow);
        expect(rate / wanted, direction).toBeGreaterThan(0.7);
        expect(rate / wanted, direction).toBeLessThan(1.15);
      }
    }
  });

  it("is on one network with processes as each container asks, by CNI_ARGS, capability or annotation", async () => {
    await using lab = await createLab();
    const process = await lab.add();
    const config = { ...dual, capabilities: { vnic: true } };
    const annotation = { "io.kubernetes.cri.pod-annotations": { "vswitch-cni/vnic": "vmNic" } };
    for (const ask of [
      { args: "IgnoreUnknown=1;VNIC=vmNic;TAP_NAME=tap7" },
      { runtimeConfig: { vnic: { vnic: "vmNic", tapName: "tap7" } } },
      { runtimeConfig: annotation },
    ]) {
      const attached = await lab.add({ config, ...ask });
      expect(tapOf(attached).tap).toBe(ask.runtimeConfig === annotation ? "eth0" : "tap7");
      const guest = await startGuest(lab, attached);
      expect(await lab.host.answersPing(guest.ns, process.ip4)).toBe(true);
      await lab.done("DEL", attached);
    }
    const turned = await lab.add({ config: guestOf(), args: "VNIC=hostVnic" });
    expect(await lab.host.answersPing(turned.ns, process.ip4)).toBe(true);
  });
});

/** No address, and no packet that the stack took for its own or for anybody. */
async function expectNothingSeen({ host }: NatLab, ns: Attached["ns"]): Promise<void> {
  const links = JSON.parse(await host.exec(ns, "ip", "-j", "address")) as readonly {
    readonly ifname: string;
    readonly addr_info: readonly unknown[];
  }[];
  for (const { ifname, addr_info } of links) if (ifname !== "lo") expect(addr_info, ifname).toEqual([]);
  const counters = await host.exec(ns, "cat", "/proc/net/snmp", "/proc/net/snmp6");
  const [names = "", values = ""] = counters.split("\n").filter((line) => line.startsWith("Ip:"));
  const received = values.split(" ")[names.split(" ").indexOf("InReceives")];
  expect({ received, received6: /Ip6InReceives\s+(\d+)/.exec(counters)?.[1] }).toEqual({
    received: "0",
    received6: "0",
  });
}

/** What the guest sends in another's name does not come to where its own does. */
async function expectSpoofedDropped({ host }: NatLab, guest: Guest & Attached, to: Attached): Promise<void> {
  await using capture = await host.capture(to.ns, "eth0", "icmp");
  await host.exec(guest.ns, "ip", "address", "add", "10.61.0.200/32", "dev", "eth0");
  const ping = (from: string) =>
    host.run(guest.ns, ["busybox", "ping", "-c", "1", "-W", "1", "-I", from, to.ip4]);
  expect((await ping("10.61.0.200")).exitCode).not.toBe(0);
  expect(await host.answersPing(guest.ns, to.ip4)).toBe(true);
  await capture.packet(new RegExp(`${guest.ip4} > ${to.ip4}: ICMP echo request`));
  expect(capture.packets().join("\n")).not.toContain("10.61.0.200");
}
