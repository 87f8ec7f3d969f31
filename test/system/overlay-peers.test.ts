import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import {
  createOverlayLab,
  endpointsOf,
  type OverlayConfig,
  type OverlayHost,
  type OverlayLab,
  type StaticPeer,
  subnetsOf,
  withPeers,
} from "./overlay-lab.ts";

const why = whyNoNat();

/** A container that has asked in vain asks again after a while (RFC 4861 10, RETRANS_TIMER). */
const patience = { timeout: 10_000, interval: 10 };

async function pings({ host }: OverlayHost, { ns }: Attached, address: string): Promise<boolean> {
  return (await host.run(ns, ["timeout", "0.4", "busybox", "ping", "-c", "1", address])).exitCode === 0;
}

describe.skipIf(why).each(["routed", "stretched"] as const)(
  `the file of a host on an overlay network, %s${why ? ` (${why})` : ""}`,
  (mode) => {
    let lab: OverlayLab;
    let first: OverlayHost;
    let a: Attached;
    let others: readonly Attached[];
    const peers = (number: number): StaticPeer =>
      mode === "routed"
        ? { vtep: `192.0.2.${number}`, subnets: subnetsOf(number) }
        : { vtep: `192.0.2.${number}`, endpoints: [endpointsOf(number)] };
    beforeAll(async () => {
      lab = await createOverlayLab({ mode, hosts: 3 });
      first = lab.hosts[0] as OverlayHost;
      others = await Promise.all(lab.hosts.slice(1).map((host) => host.add()));
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    /** The file is edited, and somebody attaches a container, which goes again. */
    const edited = async (
      edit: (known: readonly StaticPeer[]) => readonly StaticPeer[],
    ): Promise<OverlayConfig> => {
      const config = withPeers(first.config, edit);
      const { id, ns } = await first.add({ config });
      await first.done("DEL", { id, netns: ns.path, config });
      expect(await first.check({ ...a, config })).toMatchObject({ exitCode: 0, stdout: "" });
      return config;
    };
    const reaches = () =>
      Promise.all(others.flatMap((to) => [to.ip4, to.ip6].map((address) => pings(first, a, address))));
    const { name, elements } = {
      name: mode === "routed" ? "blue" : "red",
      elements: "nft list set inet vswitch vteps4",
    };
    /** All by which others are reached. */
    const rows = async (): Promise<string> => {
      const { host } = first;
      const script = [
        `bridge fdb show dev vsx-${name}`,
        `for d in vsx-${name} vsw-${name}; do ip neigh show dev $d nud permanent; ip -6 neigh show dev $d nud permanent; done`,
        "ip nexthop",
        `ip route show proto 118; ip -6 route show proto 118`,
        elements,
      ].join("\n");
      return host.exec(host.ns, "sh", "-c", script);
    };

    it("may get another peer, lose one, and have its peers changed, while containers go on", async () => {
      const { host } = first;
      const one = withPeers(first.config, () => [peers(2)]);
      a = await first.add({ config: one });
      await expect.poll(reaches, patience).toEqual([true, true, false, false]);
      const [before, clean] = [await rows(), await host.snapshot()];

      await edited(() => [peers(2), peers(3)]);
      await expect.poll(reaches, patience).toEqual([true, true, true, true]);
      const both = await rows();

      await edited(() => [peers(3)]);
      await expect.poll(reaches, patience).toEqual([false, false, true, true]);
      expect(await rows()).not.toContain("0e:2a:c0:00:02:02");

      // The other way round: they have nothing of each other's numbers.
      await edited(() => [peers(3), peers(2)]);
      await expect.poll(reaches, patience).toEqual([true, true, true, true]);
      expect((await rows()).split("\n").length).toBe(both.split("\n").length);

      // What was once of the network stays unreachable while it is in use, and all else is as it was.
      await edited(() => [peers(2)]);
      await expect.poll(reaches, patience).toEqual([true, true, false, false]);
      const kept = (text: string) => text.replaceAll(/^.*(unreachable|nhid|via) .*\n?/gm, "");
      expect(kept(await rows())).toBe(kept(before));
      expect(
        (await host.changes(clean))
          .replaceAll(/^.*(10\.40\.3\.0|fd00:40:3::|nhid|nexthop).*$|^\S.*:$/gm, "")
          .trim(),
      ).toBe("");
    });

    if (mode === "routed") {
      it("may give a peer a wider subnet, which its containers are reached in as they are", async () => {
        const { host } = first;
        const policies = [{ Type: "OutBoundNAT", Settings: { Destinations: ["10.0.0.0/8"] } }];
        const own = await first.add({ config: { ...withPeers(first.config, () => [peers(2)]), policies } });
        await edited(() => [{ vtep: "192.0.2.2", subnets: ["10.40.2.0/23", "fd00:40:2::/63"] }]);
        const [, second] = lab.hosts as [OverlayHost, OverlayHost];
        const to = await second.add({ config: { ...second.config, guard: false } });
        await second.host.exec(to.ns, "ip", "address", "add", "10.40.3.9/24", "dev", "eth0");
        await second.host.exec(second.host.ns, "ip", "route", "add", "10.40.3.9/32", "dev", `vsw-${name}`);
        const target = { protocol: "tcp", address: "0.0.0.0", port: 7001 } as const;
        await host.echo(to.ns, target);
        // One that has a translation of its own, and was there before, too.
        for (const { ns, ip4 } of [a, own])
          for (const address of [to.ip4, "10.40.3.9"])
            expect(await host.ask(ns, { ...target, address })).toMatchObject({ from: ip4 });
        await first.done("DEL", { id: own.id, netns: own.ns.path });
        await edited(() => [peers(2)]);
      });
    }

    it("may name a peer by another address, which the old one is not taken from any more", async () => {
      const [host, second] = [first.host, (lab.hosts[1] as OverlayHost).host];
      const script =
        "ip address add 192.0.2.22/24 dev eth0; ip link set vsx-NAME type vxlan local 192.0.2.22";
      await second.exec(second.ns, "sh", "-ec", script.replace("NAME", name));
      await edited(() => [{ ...peers(2), vtep: "192.0.2.22", mac: "0e:2a:c0:00:02:02" } as StaticPeer]);
      await expect.poll(reaches, patience).toEqual([true, true, false, false]);
      const elementsNow = await host.exec(host.ns, "sh", "-c", elements);
      expect(elementsNow).toContain("192.0.2.22 . ");
      expect(elementsNow).not.toContain("192.0.2.2 . ");
      const back =
        "ip link set vsx-NAME type vxlan local 192.0.2.2; ip address delete 192.0.2.22/24 dev eth0";
      await second.exec(second.ns, "sh", "-ec", back.replace("NAME", name));
      await edited(() => [peers(2)]);
      await expect.poll(reaches, patience).toEqual([true, true, false, false]);
    });
  },
);
