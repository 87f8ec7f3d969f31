import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { binDir, dual, publish, whyNoNat } from "./nat-lab.ts";
import { addOn, createRoutedLab, joinLan, macOf, routed } from "./routed-lab.ts";

const reason = whyNoNat();
const families = [
  { family: "IPv4", of: "ip4", outside: uplink.outside4, host: uplink.host4 },
  { family: "IPv6", of: "ip6", outside: uplink.outside6, host: uplink.host6 },
] as const;
const nobody = { ...routed, "cni.dev/valid-attachments": [] };

/** Of a line of tcpdump. */
const sender = (packet: string) => packet.split(" ")[0] ?? "";

describe.skipIf(reason !== undefined)(`a routed container${reason ? ` (${reason})` : ""}`, () => {
  it.each(families)(
    "and a machine of the LAN reach each other over $family by their own addresses, and so does the host",
    async ({ of, outside, host: own }) => {
      await using lab = await createRoutedLab();
      const { host } = lab;
      const a = await lab.add();
      const port = 7000;
      await host.echo(host.outside, { protocol: "tcp", address: outside, port });
      await host.echo(host.ns, { protocol: "tcp", address: own, port });
      await host.echo(a.ns, { protocol: "tcp", address: a[of], port });
      const from = async (ns: typeof a.ns, address: string) =>
        (await host.ask(ns, { protocol: "tcp", address, port })).from;
      expect(await from(a.ns, outside)).toBe(a[of]);
      expect(await from(host.outside, a[of])).toBe(outside);
      expect(await from(a.ns, own)).toBe(a[of]);
      expect(await from(host.ns, a[of])).toBe(own);
    },
  );

  it("shows the wire the host's MAC alone, and nobody is sent another way", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const own = await macOf(lab, host.ns);
    const other = await macOf(lab, host.outside);
    await using wire = await host.capture(host.outside, "eth0");
    const [a, b] = [await lab.add(), await lab.add()];
    for (const { of, outside } of families) {
      expect(await host.answersPing(a.ns, outside)).toBe(true);
      expect(await host.answersPing(host.outside, a[of])).toBe(true);
      expect(await host.answersPing(a.ns, b[of])).toBe(true);
      expect(await host.answersPing(a.ns, b[of])).toBe(true);
    }
    const known = await host.exec(host.outside, "ip", "neighbour", "show", a.ip4);
    expect(known).toContain(`lladdr ${own}`);
    expect(new Set(wire.packets().map(sender))).toEqual(new Set([own, other]));
    expect(wire.packets().filter((packet) => packet.includes("redirect"))).toEqual([]);
  });

  it("is answered for at once, to all and to who asks the host alone", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const a = await lab.add();
    const own = await macOf(lab, host.ns);
    for (const address of [a.ip4, a.ip6]) {
      const began = performance.now();
      expect(await host.answersPing(host.outside, address)).toBe(true);
      // The kernel would take up to 800 ms, 400 as a rule.
      expect(performance.now() - began).toBeLessThan(200);
      const neighbour = ["ip", "neighbour", "replace", address, "lladdr", own, "dev", "eth0", "nud", "probe"];
      await host.exec(host.outside, ...neighbour);
      const state = "ip -o neighbour show $1 | grep -q REACHABLE";
      await host.exec(
        host.outside,
        "sh",
        "-c",
        `for i in $(seq 50); do ${state} && exit; sleep 0.1; done; exit 1`,
        "sh",
        address,
      );
    }
  });

  it("reaches a container of another host on the LAN", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const second = await joinLan(lab, 3);
    const a = await lab.add();
    const b = await addOn(lab, second, "b", 160);
    for (const of of ["ip4", "ip6"] as const) {
      expect(await host.answersPing(a.ns, b[of])).toBe(true);
      expect(await host.answersPing(b.ns, a[of])).toBe(true);
    }
  });

  it("keeps its guard and its ACLs", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const acl = { Action: "Block", Direction: "In", Protocols: "6", LocalPorts: "7001", Priority: 1 };
    const a = await lab.add({
      config: { ...routed, defaultAction: "Allow", policies: [{ Type: "ACL", Settings: acl }] },
    });
    for (const port of [7000, 7001]) await host.echo(a.ns, { protocol: "tcp", address: a.ip4, port });
    const answers = (port: number) => host.answers(host.outside, { protocol: "tcp", address: a.ip4, port });
    expect(await answers(7000)).toBe(true);
    expect(await answers(7001)).toBe(false);
    const spoofed = async () => {
      const set = await host.exec(host.ns, "nft", "list", "set", "bridge", "vswitch", "dropped_spoofed");
      return Number(/counter packets (\d+)/.exec(set)?.[1]);
    };
    expect(await spoofed()).toBe(0);
    await host.exec(a.ns, "ip", "address", "add", "192.0.2.199/32", "dev", "eth0");
    await host.run(a.ns, ["busybox", "ping", "-c1", "-W1", "-I", "192.0.2.199", uplink.outside4]);
    expect(await spoofed()).toBeGreaterThan(0);
  });

  it("is for a nat network of the host a machine of the LAN", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const a = await lab.add();
    const ns = await host.compartment("n");
    const done = await host.plugin(join(binDir, "nat"), {
      verb: "ADD",
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        CNI_CONTAINERID: "n",
        CNI_NETNS: ns.path,
        CNI_IFNAME: "eth0",
        CNI_PATH: binDir,
        VSWITCH_DATA_DIR: lab.dataDir,
      },
      stdin: {
        cniVersion: "1.1.0",
        name: "nat",
        type: "nat",
        ...dual,
        runtimeConfig: publish("8080:80/tcp"),
      },
    });
    expect(done.exitCode, done.stdout).toBe(0);
    for (const { of, outside, host: own } of families) {
      const [to, inside] = of === "ip4" ? [a.ip4, "10.61.0.2"] : [a.ip6, "fd00:61::2"];
      await host.echo(a.ns, { protocol: "tcp", address: to, port: 7000 });
      await host.echo(host.outside, { protocol: "tcp", address: outside, port: 7000 });
      await host.echo(ns, { protocol: "tcp", address: inside, port: 80 });
      // Masqueraded as towards the LAN.
      for (const address of [to, outside]) {
        const seen = await host.ask(ns, { protocol: "tcp", address, port: 7000 });
        expect(seen.from).toBe(own);
      }
      // By the published port, not by the address that the LAN does not know.
      expect(await host.answers(a.ns, { protocol: "tcp", address: own, port: 8080 })).toBe(true);
      expect(await host.answers(a.ns, { protocol: "tcp", address: inside, port: 80 })).toBe(false);
    }
  });

  it("is gone with DEL, and with the last one all that was changed for it", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const before = await host.snapshot();
    const others = await settings(lab);
    const [a, b] = [await lab.add(), await lab.add()];
    expect((await lab.check(a)).stdout).toBe("");
    expect(await settings(lab)).not.toBe(others);
    await lab.done("DEL", a);
    await lab.done("DEL", a);
    const left = await host.exec(
      host.ns,
      "sh",
      "-c",
      "ip neighbour show proxy; ip route show dev vsw-transparent",
    );
    expect(left).toContain(b.ip4);
    expect(left).not.toContain(a.ip4);
    expect(await host.answersPing(host.outside, b.ip4)).toBe(true);
    await lab.done("DEL", b);
    await lab.done("GC", { config: nobody });
    expect(await host.changes(before)).toBe("");
    expect(await settings(lab)).toBe(others);
  });
});

/** Of the uplink and the host, as far as a routed network changes them. */
const settings = ({ host }: Awaited<ReturnType<typeof createRoutedLab>>) =>
  host.exec(
    host.ns,
    ...["sysctl", "net.ipv4.neigh.eth0.proxy_delay", "net.ipv6.neigh.eth0.proxy_delay"],
    ...["net.ipv6.conf.all.proxy_ndp", "net.ipv6.conf.eth0.proxy_ndp"],
  );
