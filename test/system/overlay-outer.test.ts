import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTxChecksum, setTxChecksum } from "../../lib/linux/offload.ts";
import { withinNamespace } from "./namespaces.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import { transfers } from "./overlay-probe.ts";

const why = whyNoNat();
const families = ["ip4", "ip6"] as const;

const cases = [
  { underlay: 4, udpPort: 8473, vni: 65_000, from: "192.0.2.1", to: "192.0.2.2" },
  { underlay: 6, udpPort: 4789, vni: 4097, from: "2001:db8::1", to: "2001:db8::2" },
] as const;

const translate = (family: "ip" | "ip6", to: string) =>
  `table ${family} stranger { chain post { type nat hook postrouting priority 50; oifname "eth0" snat to ${to}; }; }`;

/** What a host's own firewall may say of all that leaves it. */
const strangers = [
  {
    title: "a firewall gives all that leaves the host another address",
    rules: `nft '${translate("ip", "192.0.2.77")}'; nft '${translate("ip6", "2001:db8::77")}'`,
    take: "nft 'delete table ip stranger; delete table ip6 stranger'",
  },
  {
    title: "iptables masquerades all that leaves the host, from any port",
    rules:
      "for tables in iptables ip6tables; do $tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE --random-fully; done",
    take: "iptables -t nat -F; ip6tables -t nat -F",
  },
];

describe.skipIf(why).each(cases)(`outer packets${why ? ` (${why})` : ""} over IPv$underlay`, (one) => {
  let lab: OverlayLab;
  let first: OverlayHost;
  let a: Attached;
  let b: Attached;
  beforeAll(async () => {
    const { underlay, udpPort, vni } = one;
    lab = await createOverlayLab({ underlay, config: { udpPort, vni } });
    first = lab.hosts[0] as OverlayHost;
    [a, b] = (await Promise.all(lab.hosts.map((host) => host.add()))) as [Attached, Attached];
    // Else a virtual uplink leaves the checksums open, which nobody on its way looks at.
    for (const { host } of lab.hosts) withinNamespace(host.ns, () => setTxChecksum("eth0", false));
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  /** To IANA's port tcpdump takes all for VXLAN; to others it has to be told. */
  const wire = (options: string) =>
    lab.lan.capture(lab.lan.ns, "host1", `${options} udp dst port ${one.udpPort} and src host ${one.from}`);
  const ends = (source: string, rest: string): RegExp =>
    new RegExp(`${escaped(`${one.from}.`)}${source} > ${escaped(`${one.to}.${one.udpPort}: ${rest}`)}`);

  it("bear VNI and UDP port, the VTEPs as their ends, and a right checksum", async () => {
    const { host } = first;
    await using vxlan = await wire("-T vxlan");
    await using sums = await wire("-vv");
    for (const of of families) {
      expect(await host.answersPing(a.ns, b[of])).toBe(true);
      const target = { protocol: "tcp", address: b[of], port: 7001 } as const;
      await host.echo(b.ns, target);
      expect(await host.answers(a.ns, target)).toBe(true);
    }
    const outer = (lines: readonly string[]) => lines.filter((line) => line.includes(`.${one.udpPort}: `));
    await expect.poll(() => outer(vxlan.packets()).length).toBeGreaterThanOrEqual(8);
    for (const line of outer(vxlan.packets()))
      expect(line).toMatch(ends("\\d+", `VXLAN, flags [I] (0x08), vni ${one.vni}`));
    await expect.poll(() => outer(sums.packets()).length).toBeGreaterThanOrEqual(8);
    for (const line of outer(sums.packets())) expect(line).toMatch(ends("\\d+", "[udp sum ok] "));
  });

  // Routers cut no IPv6.
  if (one.underlay === 4) {
    it("may be cut where the inner one may", async () => {
      const { host } = first;
      const send = async (option: string) => {
        await using capture = await wire("-v");
        await host.exec(a.ns, "sh", "-c", `echo hi | socat -u - UDP4-DATAGRAM:${b.ip4}:7,${option}`);
        return capture.packet(/flags/);
      };
      // IP_PMTUDISC_DO and IP_PMTUDISC_DONT.
      expect(await send("setsockopt-int=0:10:2")).toContain("flags [DF]");
      expect(await send("setsockopt-int=0:10:0")).toContain("flags [none]");
    });
  }

  it.each(strangers)("are translated by nobody: $title", async ({ rules, take }) => {
    const { host } = first;
    await host.exec(host.ns, "sh", "-ec", rules);
    await using capture = await lab.lan.capture(lab.lan.ns, "host1", `-T vxlan udp port ${one.udpPort}`);
    for (const of of families) expect(await host.answersPing(a.ns, b[of])).toBe(true);
    expect(await transfers(host, a.ns, { to: b.ns, address: b.ip4 }, 1)).toBe(true);
    const outer = capture.packets().filter((line) => line.includes(`> ${one.to}.${one.udpPort}: `));
    expect(outer.length).toBeGreaterThan(4);
    for (const line of outer) expect(line).toMatch(ends("\\d+", ""));
    // Whose connection is not tracked is translated by no rule of whatever kind.
    expect(await host.exec(host.ns, "conntrack", "-L")).not.toContain(`dport=${one.udpPort}`);
    await host.exec(host.ns, "sh", "-ec", take);
  });
});

const escaped = (text: string): string => text.replaceAll(/[.[\]()]/g, "\\$&");

it.skipIf(why)(
  "leave with checksums made early where the uplink makes wrong ones, and CHECK sees to that",
  async () => {
    await using lab = await createOverlayLab({ config: { txChecksumOffload: false } });
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const [a, b] = [await first.add(), await second.add()];
    const late = () => withinNamespace(first.host.ns, () => readTxChecksum("vsx-blue"));
    expect(late()).toBe(false);
    const target = { protocol: "tcp", address: b.ip4, port: 7001 } as const;
    await first.host.echo(b.ns, target);
    expect(await first.host.answers(a.ns, target)).toBe(true);
    expect(await first.check(a)).toMatchObject({ exitCode: 0 });

    withinNamespace(first.host.ns, () => setTxChecksum("vsx-blue", true));
    const checked = await first.check(a);
    expect(checked).toMatchObject({ exitCode: 1 });
    expect(checked.stdout).toContain("tunnel vsx-blue, tx checksums off");
    await first.add();
    expect(late()).toBe(false);
    expect(await first.check(a)).toMatchObject({ exitCode: 0 });
  },
);
