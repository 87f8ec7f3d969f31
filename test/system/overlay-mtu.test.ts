import { describe, expect, it } from "vitest";
import { whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, subnetsOf } from "./overlay-lab.ts";
import { sendSized, transfers } from "./overlay-probe.ts";

const why = whyNoNat();
const families = ["ip4", "ip6"] as const;

/** Host 2 is behind an uplink of 1400 bytes; the others' files say so. */
const shorter = {
  mtu: (number: number) => (number === 2 ? 1400 : 1500),
};

describe.skipIf(why)(`a peer that takes shorter packets${why ? ` (${why})` : ""}`, () => {
  it("is reached by a route that says so, and senders are told by the gateway", async () => {
    await using lab = await createOverlayLab({ ...shorter });
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const config = {
      ...first.config,
      directory: { type: "static", peers: [{ vtep: second.vtep, subnets: subnetsOf(2), mtu: 1350 }] },
    };
    const [a, b] = [await first.add({ config }), await second.add()];
    const { host } = first;
    expect([a, b].map(({ result }) => result.interfaces.at(-1)?.mtu)).toEqual([1450, 1350]);
    const routes = await host.exec(host.ns, "sh", "-c", "ip route; ip -6 route");
    expect(routes.match(/^\S+ nhid .*/gm)).toEqual([
      expect.stringMatching(/^10\.40\.2\.0\/24 .* mtu 1350/),
      expect.stringMatching(/^fd00:40:2::\/64 .* mtu 1350/),
    ]);
    for (const of of families) {
      const send = (bytes: number) => sendSized(host, { from: a.ns, to: b.ns, address: b[of], bytes });
      expect(await send(1350)).toBe("arrives");
      expect(await send(1351)).toBe("told");
      // By the route, now: what is for other hosts may be longer.
      expect(await host.exec(a.ns, "ip", "route", "get", b[of])).toContain("mtu 1350");
      expect(await transfers(host, a.ns, { to: b.ns, address: b[of] }, 1)).toBe(true);
    }
  });

  it("makes all packets of a stretched network shorter, where nobody would tell their senders", async () => {
    await using lab = await createOverlayLab({ mode: "stretched", ...shorter });
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const peers = first.config.directory.peers.map((peer) => ({ ...peer, mtu: 1350 }));
    const config = { ...first.config, directory: { type: "static", peers } };
    const refused = await first.refused("ADD", {
      id: "c",
      netns: (await first.host.compartment()).path,
      config: { ...config, mtu: 1351 },
    });
    expect(refused).toMatchObject({ code: 7, msg: "mtu 1351: peer 192.0.2.2 takes 1350" });
    const [a, b] = [await first.add({ config }), await second.add()];
    expect([a, b].map(({ result }) => result.interfaces.at(-1)?.mtu)).toEqual([1350, 1350]);
    for (const of of families) {
      const to = { from: a.ns, to: b.ns, address: b[of] };
      expect(await sendSized(first.host, { ...to, bytes: 1350 })).toBe("arrives");
      expect(await sendSized(first.host, { ...to, bytes: 1351 })).toBe("told");
    }
  });
});
