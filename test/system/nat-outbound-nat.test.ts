import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const port = 7950;
const nat = (Settings: Readonly<Record<string, unknown>>) => ({ Type: "OutBoundNAT", Settings });
const annotated = {
  ...dual,
  capabilities: { "io.kubernetes.cri.pod-annotations": true },
} as const;
const annotation = (...policies: readonly unknown[]) => ({
  "io.kubernetes.cri.pod-annotations": { "vswitch-cni/policies": JSON.stringify(policies) },
});

/** Further addresses of the machine beyond, and of the host; routes of the former to what is asked. */
const beyond = { 4: ["192.0.2.2", "192.0.2.9"], 6: ["2001:db8::2", "2001:db8::9"] } as const;
const virtual = { 4: "198.51.100.7", 6: "2001:db8:7::7" } as const;

async function widen({ host }: NatLab, ...routes: readonly string[]): Promise<void> {
  const lines = [
    `ip address add ${beyond[4][1]}/24 dev eth0`,
    `ip address add ${beyond[6][1]}/64 dev eth0 nodad`,
    ...routes.map((to) => `ip route add ${to} via ${to.includes(":") ? uplink.host6 : uplink.host4}`),
  ];
  await host.exec(host.outside, "sh", "-ec", lines.join("\n"));
  for (const family of [4, 6] as const)
    for (const address of beyond[family])
      for (const protocol of ["tcp", "udp"] as const)
        await host.echo(host.outside, { protocol, address, port });
}

/** As whom the machine beyond sees the container, at each of its two addresses; the answer has come back. */
async function seen({ host }: NatLab, { ns }: Attached, family: 4 | 6): Promise<readonly string[]> {
  const views: string[] = [];
  for (const address of beyond[family]) {
    const [tcp, udp] = [
      await host.ask(ns, { protocol: "tcp", address, port }),
      await host.ask(ns, { protocol: "udp", address, port }),
    ];
    expect(udp.from).toBe(tcp.from);
    views.push(tcp.from);
  }
  return views;
}

describe.skipIf(reason !== undefined)(`OutBoundNAT of a container${reason ? ` (${reason})` : ""}`, () => {
  it("leaves alone what goes to its exceptions", async () => {
    await using lab = await createLab();
    const policies = [
      nat({ Exceptions: [beyond[4][0], `${beyond[6][0]}/128`], Destinations: ["0.0.0.0/0", "::/0"] }),
    ];
    const [own, usual] = [await lab.add({ config: { ...dual, policies } }), await lab.add({ config: other })];
    await widen(lab, own.ip4, own.ip6);
    expect(await seen(lab, own, 4)).toEqual([own.ip4, uplink.host4]);
    expect(await seen(lab, own, 6)).toEqual([own.ip6, uplink.host6]);
    expect(await seen(lab, usual, 4)).toEqual([uplink.host4, uplink.host4]);
    expect(await lab.check(own)).toMatchObject({ exitCode: 0 });
  });

  it("with exceptions alone is its network's", async () => {
    await using lab = await createLab();
    const policies = [nat({ ExceptionList: [`${beyond[4][0]}/32`] })];
    const [a, b] = [
      await lab.add({ config: { ...dual, policies } }),
      await lab.add({ config: { ...dual, policies } }),
    ];
    await widen(lab, a.ip4, b.ip4);
    for (const one of [a, b]) {
      expect(await seen(lab, one, 4)).toEqual([one.ip4, uplink.host4]);
      expect(await seen(lab, one, 6)).toEqual([uplink.host6, uplink.host6]);
    }
  });

  it("translates towards its destinations alone, and keeps the address towards the rest", async () => {
    await using lab = await createLab();
    const policies = [nat({ Destinations: [`${beyond[4][1]}/32`, `${beyond[6][1]}/128`] })];
    const own = await lab.add({ config: { ...dual, policies } });
    await widen(lab, own.ip4, own.ip6);
    expect(await seen(lab, own, 4)).toEqual([own.ip4, uplink.host4]);
    expect(await seen(lab, own, 6)).toEqual([own.ip6, uplink.host6]);
  });

  it("gives the rest to a second one beside it, which masquerades", async () => {
    await using lab = await createLab();
    const policies = [
      nat({ Destinations: [`${beyond[4][1]}/32`], VirtualIP: virtual[4] }),
      nat({ Destinations: ["0.0.0.0/0"] }),
    ];
    const own = await lab.add({ config: { ...dual, policies } });
    await widen(lab, virtual[4]);
    expect(await seen(lab, own, 4)).toEqual([uplink.host4, virtual[4]]);
  });

  it("shows the virtual address to machines beyond, whose answers come back by it", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const policies = [nat({ VirtualIP: virtual[4] }), nat({ VirtualIP: virtual[6] })];
    const own = await lab.add({ config: { ...dual, policies } });
    const [near, far] = [
      await lab.add({ config: { ...dual, policies } }),
      await lab.add({ config: { ...other, reachable: true } }),
    ];
    await widen(lab, virtual[4], virtual[6]);
    for (const family of [4, 6] as const) {
      expect(await seen(lab, own, family)).toEqual([virtual[family], virtual[family]]);
      await using capture = await host.capture(host.outside, "eth0", `host ${virtual[family]}`);
      expect(await host.answersPing(own.ns, uplink[`outside${family}`])).toBe(true);
      await capture.packet(/echo reply/);
      // Within the network it has its own address, and so has the host.
      for (const [ns, address] of [
        [near.ns, near[`ip${family}`]],
        [host.ns, own[`gateway${family}`]],
      ] as const) {
        await host.echo(ns, { protocol: "tcp", address, port });
        expect((await host.ask(own.ns, { protocol: "tcp", address, port })).from).toBe(own[`ip${family}`]);
      }
      const address = far[`ip${family}`];
      await host.echo(far.ns, { protocol: "tcp", address, port });
      expect((await host.ask(own.ns, { protocol: "tcp", address, port })).from).toBe(virtual[family]);
    }
    expect(await lab.check(own)).toMatchObject({ exitCode: 0 });
  });

  it("by annotation is one container's, beside others of its network", async () => {
    await using lab = await createLab();
    const runtimeConfig = annotation(
      nat({ VirtualIP: virtual[4] }),
      nat({ Destinations: [`${beyond[6][0]}/128`] }),
    );
    const own = await lab.add({ config: annotated, runtimeConfig });
    const usual = await lab.add({ config: annotated });
    await widen(lab, virtual[4], own.ip6);
    expect(await seen(lab, own, 4)).toEqual([virtual[4], virtual[4]]);
    expect(await seen(lab, own, 6)).toEqual([uplink.host6, own.ip6]);
    expect(await seen(lab, usual, 4)).toEqual([uplink.host4, uplink.host4]);
    expect(await seen(lab, usual, 6)).toEqual([uplink.host6, uplink.host6]);
    const clean = await lab.host.exec(
      lab.host.ns,
      "nft",
      "list",
      "map",
      "inet",
      "vswitch",
      "own_translated4",
    );
    expect(clean).toContain(virtual[4]);
    await lab.done("DEL", own);
    for (const set of ["own4", "own6", "own_direct4", "own_direct6", "own_masqueraded6"])
      expect(await lab.host.exec(lab.host.ns, "nft", "list", "set", "inet", "vswitch", set)).not.toContain(
        "elements",
      );
    expect(await seen(lab, usual, 4)).toEqual([uplink.host4, uplink.host4]);
  });

  it("masquerades one container of a network that does not", async () => {
    await using lab = await createLab();
    const plain = { ...dual, ipMasq: false };
    const usual = await lab.add({ config: plain });
    const own = await lab.add({ config: { ...plain, policies: [nat({})] } });
    await widen(lab, usual.ip4, usual.ip6);
    expect(await seen(lab, own, 4)).toEqual([uplink.host4, uplink.host4]);
    expect(await seen(lab, own, 6)).toEqual([uplink.host6, uplink.host6]);
    expect(await seen(lab, usual, 4)).toEqual([usual.ip4, usual.ip4]);
  });

  it("does nothing to the answers of its published ports", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const policies = [nat({ VirtualIP: virtual[4] }), nat({ VirtualIP: virtual[6] })];
    const runtimeConfig = publish(`8080:${port}/tcp`, `8080:${port}/udp`);
    const own = await lab.add({ config: { ...dual, policies }, runtimeConfig });
    const near = await lab.add();
    for (const protocol of ["tcp", "udp"] as const)
      for (const family of [4, 6] as const) {
        await host.echo(own.ns, { protocol, address: own[`ip${family}`], port });
        for (const from of [host.outside, near.ns, own.ns, host.ns])
          expect(await host.answers(from, { protocol, address: uplink[`host${family}`], port: 8080 })).toBe(
            true,
          );
      }
  });

  it("leaves multicast its source", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const own = await lab.add({ config: { ...dual, policies: [nat({ VirtualIP: virtual[4] })] } });
    const near = await lab.add();
    await using capture = await host.capture(near.ns, "eth0", "-p -Q in udp");
    await host.exec(own.ns, "sh", "-c", "echo hello | socat -u STDIN UDP4-DATAGRAM:239.7.7.7:7951");
    await capture.packet(new RegExp(`${own.ip4.replaceAll(".", "\\.")}\\.\\d+ > 239\\.7\\.7\\.7\\.7951`));
  });
});

describe.skipIf(reason !== undefined)(`InterfaceParameters${reason ? ` (${reason})` : ""}`, () => {
  it("lowers the MTU of one container: its end has it, its neighbours and the switch keep theirs", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const policies = [{ Type: "InterfaceParameters", Settings: { Mtu: 1300 } }];
    const own = await lab.add({ config: { ...dual, policies } });
    const near = await lab.add();
    const mtu = async (ns: Attached["ns"], name: string) =>
      JSON.parse(await host.exec(ns, "ip", "-j", "link", "show", name))[0].mtu;
    expect(own.result.interfaces.map((link) => link.mtu)).toEqual([1500, 1500, 1300]);
    expect(await mtu(own.ns, "eth0")).toBe(1300);
    expect(await mtu(near.ns, "eth0")).toBe(1500);
    expect(await mtu(host.ns, "vsw-nat")).toBe(1500);
    // What it sends comes in pieces of that size.
    await using atNear = await host.capture(near.ns, "eth0", "-p -Q in udp");
    await host.echo(near.ns, { protocol: "udp", address: "0.0.0.0", port });
    const message = "x".repeat(1400);
    await host.exec(own.ns, "sh", "-c", `echo ${message} | socat -u STDIN UDP4:${near.ip4}:${port}`);
    await atNear.packet(/length 1314: /);
    // TCP says in both directions what fits.
    for (const [ns, address] of [
      [near.ns, near.ip4],
      [near.ns, near.ip6],
      [host.outside, uplink.outside4],
      [host.outside, uplink.outside6],
    ] as const) {
      const family = address.includes(":") ? 6 : 4;
      const server = host.start(ns, [
        "sh",
        "-c",
        `head -c 200000 /dev/zero | socat -u STDIN TCP${family}-LISTEN:7952,reuseaddr`,
      ]);
      await expect.poll(() => host.exec(ns, "ss", "-Hltn", "sport = :7952")).not.toBe("");
      const to = family === 4 ? address : `[${address}]`;
      expect(await host.exec(own.ns, "sh", "-c", `socat -u TCP${family}:${to}:7952 STDOUT | wc -c`)).toBe(
        "200000",
      );
      await server.stop();
    }
    expect(await lab.check(own)).toMatchObject({ exitCode: 0 });
  });
});
