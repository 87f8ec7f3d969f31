import { expect, it } from "vitest";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import {
  createOverlayLab,
  endpointsOf,
  type OverlayConfig,
  type OverlayHost,
  withPeers,
} from "./overlay-lab.ts";

const why = whyNoNat();
const moved = { ip4: "10.50.0.16", ip6: "fd00:50::10" };
const pair = [moved.ip4, moved.ip6] as const;

/** The file of a host whose peers have these containers besides, and one that has them not. */
function edited({ config }: OverlayHost, holder: string): OverlayConfig {
  const subnets = [{ subnet: "10.50.0.0/24" }, { subnet: "fd00:50::/64" }];
  const { ipam } = config as OverlayConfig & {
    readonly ipam: { readonly ranges: readonly (readonly object[])[] };
  };
  const more = subnets.map((subnet, i) => ({ ...subnet, rangeStart: pair[i], rangeEnd: pair[i] }));
  const peers = withPeers(config, (all) =>
    all.map((peer) => {
      const rest = peer.vtep === "192.0.2.1" ? ranges() : (peer.endpoints ?? []);
      return { ...peer, endpoints: peer.vtep === holder ? [...rest, [...pair]] : rest };
    }),
  );
  const own = config.directory.peers.every(({ vtep }) => vtep !== holder);
  return own ? { ...peers, ipam: { ranges: ipam.ranges.map((set, i) => [...set, more[i] ?? {}]) } } : peers;
}

/** All of host 1's but the one that has moved. */
const ranges = (): readonly (readonly string[])[] =>
  Array.from({ length: 15 }, (_, i) => [`10.50.0.${17 + i}`, `fd00:50::1${(i + 1).toString(16)}`]);

it.skipIf(why)(
  "an address of a stretched network moves to another host by an edit of all files",
  async () => {
    await using lab = await createOverlayLab({ mode: "stretched", hosts: 3 });
    const [first, second, third] = lab.hosts as [OverlayHost, OverlayHost, OverlayHost];
    const { host } = first;
    expect(endpointsOf(1)[0]).toBe(`${moved.ip4}/28`);
    const a = await first.add();
    const beside = await first.add();
    const [b, c] = [await second.add(), await third.add()];
    expect([a.ip4, a.ip6]).toEqual([moved.ip4, moved.ip6]);
    const reach = async (to: typeof moved, ...all: readonly Attached[]) => {
      for (const { ns } of all)
        for (const address of [to.ip4, to.ip6]) expect(await host.answersPing(ns, address)).toBe(true);
    };
    await reach(a, beside, b, c);

    await first.done("DEL", { id: a.id, netns: a.ns.path });
    await host.remove(a.ns);
    // The new host first: what is there counts more than what a file says.
    const config = edited(second, second.vtep);
    const runtimeConfig = { ips: [`${moved.ip4}/24`, `${moved.ip6}/64`] };
    const there = await second.add({ config: { ...second.config, ipam: config.ipam }, runtimeConfig });
    expect([there.ip4, there.ip6]).toEqual([moved.ip4, moved.ip6]);
    await reach(there, b);
    for (const one of [first, second, third]) {
      const now = edited(one, second.vtep);
      const { id, ns } = await one.add({ config: now });
      await one.done("DEL", { id, netns: ns.path, config: now });
    }
    await reach(there, beside, b, c);
    expect(await second.check({ ...there, config })).toMatchObject({ exitCode: 0, stdout: "" });
    await using seen = await second.host.capture(there.ns, "eth0", "icmp");
    await reach(there, c);
    expect(seen.packets().length).toBeGreaterThan(0);
  },
);
