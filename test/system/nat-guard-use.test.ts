import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { type Attached, createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";
import { arp, icmp6, solicitation, udp } from "./packets.ts";
import { dropsOf, laySiege, macOf, type Parties } from "./siege.ts";
import { type Bytes, ETH, ethernet, ip4, ip6, NEXT, optionsBefore } from "./wire.ts";

const reason = whyNoNat();
const everybody = "ff:ff:ff:ff:ff:ff";
const none = { spoofed: 0, service: 0 };

const ping = (lab: NatLab, from: Attached["ns"], to: string, bytes = 56) =>
  lab.host.run(from, ["busybox", "ping", "-c", "1", "-W", "2", "-s", `${bytes}`, to]);

/** What a container may send although it looks odd: each arrives at the other. */
const odd: Readonly<Record<string, (parties: Parties) => Bytes>> = {
  "gratuitous ARP of its own": ({ attacker: { mac, ip4: own } }) =>
    ethernet(
      { to: everybody, from: mac, type: ETH.arp },
      arp({ operation: "request", senderMac: mac, senderIp: own, targetIp: own }),
    ),
  "a probe for its own address": ({ attacker: { mac, ip4: own } }) =>
    ethernet(
      { to: everybody, from: mac, type: ETH.arp },
      arp({ operation: "request", senderMac: mac, senderIp: "0.0.0.0", targetIp: own }),
    ),
  "the search for duplicates of its own address": ({ attacker: { mac, ip6: own } }) => {
    const ends = { from: "::", to: "ff02::1" };
    return ethernet(
      { to: "33:33:00:00:00:01", from: mac, type: ETH.ip6 },
      ip6(ends, solicitation(ends, own)),
    );
  },
  "a report of groups before it has an address": ({ attacker: { mac } }) => {
    const ends = { from: "::", to: "ff02::1" };
    const report = icmp6(ends, 143, 0, [0, 0, 0, 0]);
    return ethernet(
      { to: "33:33:00:00:00:01", from: mac, type: ETH.ip6 },
      ip6({ ...ends, hops: 1 }, optionsBefore(NEXT.hop, report)),
    );
  },
  "a DHCP request before it has an address": ({ attacker: { mac } }) => {
    const ends = { from: "0.0.0.0", to: "255.255.255.255" };
    const payload = udp(ends, { source: 68, destination: 67 }, [1, 1, 6, 0]);
    return ethernet(
      { to: everybody, from: mac, type: ETH.ip },
      ip4({ ...ends, protocol: NEXT.udp }, payload),
    );
  },
  "LLDP, which bears no address": ({ attacker: { mac } }) =>
    ethernet({ to: everybody, from: mac, type: 0x88cc }, [0, 0]),
  "IS-IS in a frame of 802.3": ({ attacker: { mac } }) =>
    ethernet({ to: "09:00:2b:00:00:05", from: mac, type: 4 }, [0xfe, 0xfe, 3, 0x83]),
};

describe.skipIf(reason !== undefined)(`a guarded container${reason ? ` (${reason})` : ""}`, () => {
  it.each([
    ["IPv4", "ip4", "gateway4", uplink.outside4],
    ["IPv6", "ip6", "gateway6", uplink.outside6],
  ] as const)("talks over %s as without a guard, in pieces too", async (_, of, gateway, outside) => {
    await using lab = await createLab();
    const { host } = lab;
    const a = await lab.add({ runtimeConfig: publish("8080:7500/tcp") });
    const b = await lab.add();
    const [port, address] = [7500, of === "ip4" ? "0.0.0.0" : "::"];
    for (const protocol of ["tcp", "udp"] as const) {
      for (const ns of [a.ns, b.ns, host.ns, host.outside]) await host.echo(ns, { protocol, address, port });
      // Forth, back, and both ways through the host; the answer to so long a message is longer still.
      const message = "x".repeat(4000);
      const asks = [
        [a.ns, b[of]],
        [b.ns, a[of]],
        [a.ns, a[gateway]],
        [host.ns, a[of]],
        [a.ns, outside],
      ] as const;
      for (const [from, to] of asks)
        expect((await host.ask(from, { protocol, address: to, port, message })).data).toBe(message);
    }
    const published = of === "ip4" ? uplink.host4 : uplink.host6;
    for (const from of [host.outside, b.ns, a.ns])
      expect(await host.answers(from, { protocol: "tcp", address: published, port: 8080 })).toBe(true);
    for (const [from, to] of [
      [a.ns, b[of]],
      [b.ns, a[of]],
      [a.ns, outside],
      [host.ns, a[of]],
    ] as const)
      expect((await ping(lab, from, to, 5000)).exitCode).toBe(0);
    // Both have asked for the other and been asked.
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      await host.exec(from.ns, "ip", "neigh", "flush", "dev", "eth0");
      expect((await ping(lab, from.ns, to[of])).exitCode).toBe(0);
      expect(await host.exec(from.ns, "ip", "neigh", "show", to[of])).toContain(macOf(to));
    }
    for (const one of [a, b]) expect(await dropsOf(lab, one)).toEqual(none);
  });

  it("may say of itself what it is", async () => {
    await using siege = await laySiege();
    for (const [title, say] of Object.entries(odd)) {
      const { atVictim, ...drops } = await siege.attempt([say(siege)]);
      expect.soft(atVictim.length, title).toBe(1);
      expect.soft(drops, title).toMatchObject(none);
    }
  });

  it("looks for duplicates of its own address when it takes it anew", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const [a, b] = [await lab.add(), await lab.add()];
    await using capture = await host.capture(b.ns, "eth0", "-p -Q in icmp6");
    const script = `echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_dad
      ip address del ${a.ip6}/64 dev eth0; ip address add ${a.ip6}/64 dev eth0`;
    await host.exec(a.ns, "sh", "-ec", script);
    await capture.packet(new RegExp(`:: > .*who has ${a.ip6}`));
    const tentative = () => host.exec(a.ns, "ip", "-6", "address", "show", "dev", "eth0", "tentative");
    await expect.poll(tentative, { timeout: 10_000 }).toBe("");
    expect(await host.answersPing(b.ns, a.ip6)).toBe(true);
    expect(await dropsOf(lab, a)).toEqual(none);
  });

  it("listens to groups and is heard there", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const [a, b] = [await lab.add(), await lab.add()];
    await using reports = await host.capture(host.ns, "vsw-nat", "-p -Q in igmp or ip6");
    const listener4 = host.start(b.ns, [
      "socat",
      "-u",
      "UDP4-RECV:7501,ip-add-membership=239.7.7.7:eth0",
      "STDOUT",
    ]);
    const listener6 = host.start(b.ns, [
      "socat",
      "-u",
      "UDP6-RECV:7502,ipv6-join-group=[ff12::77]:eth0",
      "STDOUT",
    ]);
    await reports.packet(/> 224\.0\.0\.22: igmp/);
    await reports.packet(/> ff02::16: .*multicast listener report/);
    const say = (to: string) => host.exec(a.ns, "sh", "-c", `echo hello | socat -u STDIN ${to}`);
    await say("UDP4-DATAGRAM:239.7.7.7:7501");
    await say("UDP6-DATAGRAM:[ff12::77%eth0]:7502");
    await listener4.line((line) => line === "hello", "a datagram to the group of IPv4");
    await listener6.line((line) => line === "hello", "a datagram to the group of IPv6");
    for (const one of [a, b]) expect(await dropsOf(lab, one)).toEqual(none);
  });

  it("gets a lease from a container that may be a DHCP server, and from no other", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const good = await lab.add({ config: { ...dual, guard: { allow: ["dhcp-server"] } } });
    const bad = await lab.add();
    const client = await lab.add();
    const serve = async ({ ns, ip4: server }: Attached, offered: string) => {
      const file = `${host.dir}/${offered}`;
      writeFileSync(`${file}.leases`, "");
      const lines = [
        `start ${offered}`,
        `end ${offered}`,
        "interface eth0",
        `lease_file ${file}.leases`,
        `pidfile ${file}.pid`,
        `opt router ${server}`,
      ];
      writeFileSync(`${file}.conf`, `${lines.join("\n")}\n`);
      const child = host.start(ns, ["busybox", "udhcpd", "-f", `${file}.conf`]);
      await child.line((line) => /started/.test(line), "the DHCP server");
      return child;
    };
    const rogue = await serve(bad, "10.61.0.201");
    await serve(good, "10.61.0.200");
    await using atBad = await host.capture(bad.ns, "eth0", "-p -Q out udp port 68");
    const words = [
      "busybox",
      "udhcpc",
      "-f",
      "-q",
      "-n",
      "-i",
      "eth0",
      "-s",
      "/bin/true",
      "-t",
      "5",
      "-T",
      "1",
    ];
    const asked = await host.run(client.ns, words);
    expect(asked.stdout + asked.stderr).toContain("10.61.0.200 obtained");
    // The other one answers, too, and is not heard.
    await atBad.packet(/10\.61\.0\..*\.68: BOOTP\/DHCP, Reply/);
    await rogue.stop();
    expect((await dropsOf(lab, bad)).service).toBeGreaterThan(0);
    expect(await dropsOf(lab, client)).toEqual(none);
  });

  it("speaks for the addresses that the configuration names beside its own", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const [vip4, vip6] = ["10.61.0.210", "fd00:61::210"];
    const config = { ...dual, guard: { addresses: [vip4, vip6] } };
    const pair = [await lab.add({ config }), await lab.add({ config })] as const;
    const alone = await lab.add();
    const take = ({ ns }: Attached) =>
      host.exec(
        ns,
        "sh",
        "-ec",
        `ip address add ${vip4}/24 dev eth0; ip address add ${vip6}/64 dev eth0 nodad`,
      );
    const leave = ({ ns }: Attached) => host.exec(ns, "ip", "address", "del", `${vip4}/24`, "dev", "eth0");
    const says = ({ ns }: Attached) =>
      host.run(ns, ["busybox", "arping", "-U", "-c", "1", "-w", "1", "-I", "eth0", vip4]);
    const held = async () =>
      (await host.exec(host.ns, "ip", "neigh", "show", vip4, "dev", "vsw-nat")).replace(
        /.*lladdr (\S+).*/s,
        "$1",
      );
    await take(pair[0]);
    for (const address of [vip4, vip6]) expect(await host.answersPing(host.ns, address)).toBe(true);
    expect(await held()).toBe(macOf(pair[0]));
    // The second takes over, as keepalived does.
    await leave(pair[0]);
    await host.exec(pair[1].ns, "ip", "address", "add", `${vip4}/24`, "dev", "eth0");
    await says(pair[1]);
    await expect.poll(held).toBe(macOf(pair[1]));
    expect(await host.answersPing(alone.ns, vip4)).toBe(true);
    for (const one of pair) expect(await dropsOf(lab, one)).toEqual(none);
    // One without that leave does not get it.
    await leave(pair[1]);
    await host.exec(alone.ns, "ip", "address", "add", `${vip4}/24`, "dev", "eth0");
    await says(alone);
    await expect.poll(async () => (await dropsOf(lab, alone)).spoofed).toBeGreaterThan(0);
    expect(await held()).not.toBe(macOf(alone));
  });
});
