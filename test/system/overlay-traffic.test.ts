import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayConfig, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import { sendSized, transfers } from "./overlay-probe.ts";

const why = whyNoNat();

const cases = [
  { mode: "routed", underlay: 4, mtu: 1450 },
  { mode: "routed", underlay: 6, mtu: 1430 },
  { mode: "stretched", underlay: 4, mtu: 1450 },
  { mode: "stretched", underlay: 6, mtu: 1430 },
] as const;
const families = ["ip4", "ip6"] as const;

describe.skipIf(why).each(cases)(
  `containers of three hosts${why ? ` (${why})` : ""}, $mode over IPv$underlay`,
  ({ mode, underlay, mtu }) => {
    let lab: OverlayLab;
    let hosts: readonly OverlayHost[];
    let all: readonly Attached[];

    beforeAll(async () => {
      lab = await createOverlayLab({ hosts: 3, mode, underlay });
      ({ hosts } = lab);
      all = await Promise.all(hosts.map((host) => host.add()));
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    /** Each of them with each other one. */
    const pairs = () => all.flatMap((from) => all.filter((to) => to !== from).map((to) => ({ from, to })));
    const host = () => (hosts[0] as OverlayHost).host;
    const two = () => all as readonly [Attached, Attached];

    it("answer pings, each of each other", async () => {
      for (const { from, to } of pairs())
        for (const of of families) expect(await host().answersPing(from.ns, to[of])).toBe(true);
    });

    it.each(families)("see each other's own addresses, by TCP and UDP (%s)", async (of) => {
      const [a, b] = two();
      for (const protocol of ["tcp", "udp"] as const) {
        const target = { protocol, address: b[of], port: 7001 } as const;
        await host().echo(b.ns, target);
        expect(await host().ask(a.ns, target)).toMatchObject({ from: a[of], data: "ping" });
      }
    });

    it.each(families)("send 8 MiB over one TCP connection (%s)", async (of) => {
      const [a, b] = two();
      expect(await transfers(host(), a.ns, { to: b.ns, address: b[of] }, 8)).toBe(true);
    });

    it.each(families)(`have an MTU of ${mtu}: what is longer is told to the sender (%s)`, async (of) => {
      const [a, b] = two();
      expect(a.result.interfaces.map((link) => link.mtu)).toEqual([mtu, mtu, mtu]);
      const send = (bytes: number) => sendSized(host(), { from: a.ns, to: b.ns, address: b[of], bytes });
      expect(await send(mtu)).toBe("arrives");
      expect(await send(mtu + 1)).toBe("told");
      const long = { from: a.ns, to: b.ns, address: b[of], bytes: 5000, cut: true };
      expect(await sendSized(host(), long)).toBe("arrives");
    });
  },
);

const single = [
  { mode: "routed", inside: 4, of: "ip4", subnet: (n: number) => `10.41.${n}.0/24` },
  { mode: "routed", inside: 6, of: "ip6", subnet: (n: number) => `fd00:41:${n}::/64` },
  { mode: "stretched", inside: 4, of: "ip4", range: (n: number) => `10.51.0.${n * 16}/28` },
  { mode: "stretched", inside: 6, of: "ip6", range: (n: number) => `fd00:51::${n}0/124` },
] as const;

describe.skipIf(why).each([4, 6] as const)("networks of one family, over IPv%d", (underlay) => {
  let lab: OverlayLab;
  beforeAll(async () => {
    lab = await createOverlayLab({ underlay });
    // What there is of IPv6 on an underlay of IPv4 is of no use to anybody.
    const off = ["sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"];
    if (underlay === 4) for (const { host } of lab.hosts) await host.exec(host.ns, ...off);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it.each(single)("reach all hosts: $mode with IPv$inside inside", async (one) => {
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const configOf = ({ config }: OverlayHost, own: number, other: number) => {
      const { subnets: _, ...rest } = config as OverlayConfig & { readonly subnets: unknown };
      const [vtep] = config.directory.peers.map((peer) => peer.vtep);
      const name = `${one.mode[0]}${one.inside}`;
      const common = { ...rest, name, vni: 5000 + single.indexOf(one), mode: one.mode };
      if ("subnet" in one) {
        const peers = [{ vtep, subnets: [one.subnet(other)] }];
        return { ...common, subnet: one.subnet(own), directory: { type: "static", peers } };
      }
      const subnet = one.inside === 4 ? "10.51.0.0/24" : "fd00:51::/64";
      const ipam = { subnet, rangeStart: one.range(own).replace(/\/\d+$/, "") };
      return {
        ...common,
        ipam,
        directory: { type: "static", peers: [{ vtep, endpoints: [one.range(other)] }] },
      };
    };
    const a = await first.add({ config: configOf(first, 1, 2) });
    const b = await second.add({ config: configOf(second, 2, 1) });
    expect(await first.host.answersPing(a.ns, b[one.of])).toBe(true);
    expect(await transfers(first.host, b.ns, { to: a.ns, address: a[one.of] }, 1)).toBe(true);
  });
});
