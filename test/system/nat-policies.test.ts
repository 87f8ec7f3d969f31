import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const why = whyNoNat();
/** Each test has a host of its own, and mostly waits. */
const atOnce = { concurrent: true };
type JsonObject = Readonly<Record<string, unknown>>;

const acl = (Action: string, Direction: string, more: JsonObject = {}) => ({
  Type: "ACL",
  Settings: { Action, Direction, ...more },
});
const nat = (Settings: JsonObject) => ({ Type: "OutBoundNAT", Settings });
const annotated = (policies: unknown) => ({
  "io.kubernetes.cri.pod-annotations": { "vswitch-cni/policies": JSON.stringify(policies) },
});
const tcp = (address: string, port: number) => ({ protocol: "tcp", address, port, timeoutMs: 700 }) as const;

/** Servers on ports 80 and 81 of a container. */
async function serve({ host }: NatLab, ns: Namespace): Promise<void> {
  for (const port of [80, 81]) await host.echo(ns, tcp("::", port));
}

/** With br_netfilter the kernel bridges a call of a published port, which the isolation of the bridge then stops. */
const withoutBridgeFilter =
  "for f in /proc/sys/net/bridge/bridge-nf-call-ip*; do [ -e $f ] && echo 0 > $f; done; true";

/** What the README of the plugin promises of policies, from the configuration to the wire. */
describe.skipIf(why)("policies of a configuration", atOnce, () => {
  it("deny the rest both ways once there is any ACL, unless defaultAction says otherwise", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const policies = [acl("Allow", "In", { Protocols: "6", LocalPorts: "80" })];
    const closed = await lab.add({ config: { ...dual, policies } });
    const open = await lab.add({ config: { ...dual, policies, defaultAction: { Out: "Allow" } } });
    for (const { ns } of [closed, open]) await serve(lab, ns);
    for (const { ip4, ip6 } of [closed, open])
      for (const ip of [ip4, ip6]) {
        expect(await host.answers(host.ns, tcp(ip, 80))).toBe(true);
        expect(await host.answers(host.ns, tcp(ip, 81))).toBe(false);
      }
    expect(await host.answersPing(closed.ns, uplink.outside4)).toBe(false);
    expect(await host.answersPing(open.ns, uplink.outside4)).toBe(true);
    expect(await host.answers(open.ns, tcp(closed.ip6, 80))).toBe(true);
    expect(await host.answers(closed.ns, tcp(open.ip6, 80))).toBe(false);
  });

  it("see a published port as the container has it, and let it in by allowAclPortMapping", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const policies = [acl("Allow", "In", { LocalPorts: "81" })];
    const runtimeConfig = publish("8080:80/tcp", "8081:81/tcp");
    const first = await lab.add({ config: { ...dual, policies }, runtimeConfig });
    await serve(lab, first.ns);
    expect(await host.answers(host.outside, tcp(uplink.host4, 8080))).toBe(false);
    expect(await host.answers(host.outside, tcp(uplink.host4, 8081))).toBe(true);
    await lab.done("DEL", first);
    const optionalFlags = { allowAclPortMapping: true };
    const second = await lab.add({ config: { ...dual, policies, optionalFlags }, runtimeConfig });
    await serve(lab, second.ns);
    for (const port of [8080, 8081])
      expect(await host.answers(host.outside, tcp(uplink.host4, port))).toBe(true);
  });

  it("of a pod come after those of the configuration, and may open what those leave", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const config = { ...dual, policies: [acl("Block", "In", { LocalPorts: "81", Priority: 65535 })] };
    const runtimeConfig = annotated([acl("Allow", "In", { LocalPorts: "80,81" })]);
    const pod = await lab.add({ config, runtimeConfig });
    await serve(lab, pod.ns);
    expect(await host.answers(host.ns, tcp(pod.ip4, 80))).toBe(true);
    expect(await host.answers(host.ns, tcp(pod.ip4, 81))).toBe(false);
    const without = await lab.add({ config });
    await serve(lab, without.ns);
    expect(await host.answers(host.ns, tcp(without.ip4, 80))).toBe(false);
    const refused = await lab.refused("ADD", {
      id: "x",
      netns: (await host.compartment()).path,
      config,
      runtimeConfig: annotated({ guard: false }),
    });
    expect(refused).toMatchObject({ code: 7 });
  });

  it("translate towards destinations by VirtualIP, and leave the rest and the exceptions as they are", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await host.exec(host.ns, "ip", "address", "add", "192.0.2.77/24", "dev", "eth0");
    for (const one of ["192.0.2.20", "192.0.2.21", "192.0.2.22"])
      await host.exec(host.outside, "ip", "address", "add", `${one}/24`, "dev", "eth0");
    await host.exec(host.outside, "ip", "route", "add", "10.61.0.0/24", "via", uplink.host4);
    await host.echo(host.outside, tcp("0.0.0.0", 90));
    const seen = async (ns: Namespace, address: string) => (await host.ask(ns, tcp(address, 90))).from;
    const virtual = nat({
      Destinations: ["192.0.2.20/30"],
      VirtualIP: "192.0.2.77",
      Exceptions: ["192.0.2.21"],
    });
    const own = await lab.add({ config: { ...dual, policies: [virtual] } });
    expect(await seen(own.ns, "192.0.2.20")).toBe("192.0.2.77");
    expect(await seen(own.ns, "192.0.2.21")).toBe(own.ip4);
    expect(await seen(own.ns, uplink.outside4)).toBe(own.ip4);
    const rest = await lab.add({ config: { ...dual, policies: [virtual, nat({})] } });
    expect(await seen(rest.ns, "192.0.2.20")).toBe("192.0.2.77");
    expect(await seen(rest.ns, "192.0.2.21")).toBe(rest.ip4);
    expect(await seen(rest.ns, uplink.outside4)).toBe(uplink.host4);
    const pod = await lab.add({ runtimeConfig: annotated([nat({ VirtualIP: "192.0.2.77" })]) });
    expect(await seen(pod.ns, uplink.outside4)).toBe("192.0.2.77");
    const plain = await lab.add();
    expect(await seen(plain.ns, uplink.outside4)).toBe(uplink.host4);
  });

  it("isolate a network within and from others, save for published ports and those that may reach it", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const isolated = { ...dual, DisableInterComputeCommunication: true, reachable: ["other"] };
    const first = await lab.add({ config: isolated, runtimeConfig: publish("8080:80/tcp") });
    const second = await lab.add({ config: isolated });
    const friend = await lab.add({ config: other });
    const third = { name: "third", ipam: { subnet: "10.63.0.0/24" } };
    const stranger = await lab.add({ config: third });
    for (const { ns } of [first, friend]) await serve(lab, ns);
    await host.exec(host.ns, "sh", "-c", withoutBridgeFilter);
    for (const ip of [first.ip4, first.ip6]) expect(await host.answersPing(second.ns, ip)).toBe(false);
    expect(await host.answersPing(second.ns, second.gateway4)).toBe(true);
    expect(await host.answersPing(second.ns, uplink.outside4)).toBe(true);
    expect(await host.answers(second.ns, tcp(uplink.host4, 8080))).toBe(true);
    expect(await host.answers(friend.ns, tcp(first.ip4, 80))).toBe(true);
    expect(await host.answers(first.ns, tcp(friend.ip4, 80))).toBe(false);
    expect(await host.answers(stranger.ns, tcp(first.ip4, 80))).toBe(false);
    expect(await host.answers(stranger.ns, tcp(uplink.host4, 8080))).toBe(true);
  });

  it("lower the MTU of the container, not of the switch", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const policies = [{ Type: "InterfaceParameters", Settings: { Mtu: 1380 } }];
    const attached = await lab.add({ config: { ...dual, policies } });
    expect(await host.exec(attached.ns, "ip", "link", "show", "eth0")).toContain("mtu 1380");
    expect(await host.exec(host.ns, "ip", "link", "show", "vsw-nat")).toContain("mtu 1500");
    expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
  });

  it("leave nothing of themselves", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const config = {
      ...dual,
      DisableInterComputeCommunication: true,
      reachable: true,
      guard: { allow: ["router", "dhcp-server"], addresses: ["10.61.0.250"] },
      policies: [
        acl("Allow", "In", { LocalPorts: "80,443,8000-8010", RemoteAddresses: "10.0.0.0/8,fd00::/8" }),
        acl("Block", "Out", { Protocols: "17" }),
        nat({ Destinations: ["192.0.2.0/24"], VirtualIP: "192.0.2.1" }),
        { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1_250_000 } },
        { Type: "PortMapping", Settings: { ExternalPort: 8080, InternalPort: 80 } },
      ],
    };
    await lab.done("DEL", await lab.add({ config }));
    const before = await host.snapshot(lab.everything);
    const attached = await lab.add({ config });
    expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    await lab.done("DEL", attached);
    expect(await host.changes(before, lab.everything)).toBe("");
  });
});
