import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { OverlayMode } from "../../../../lib/model/switch.ts";
import type { Request } from "../../../../lib/netlink/message.ts";
import { appendFdb, replaceFdb } from "../../../../lib/netlink/route/fdb.ts";
import { replaceNeighbour } from "../../../../lib/netlink/route/neighbour.ts";
import { deleteNexthop, replaceNexthop } from "../../../../lib/netlink/route/nexthop.ts";
import { replaceRoute } from "../../../../lib/netlink/route/route.ts";
import { seed } from "../../seed.ts";
import { type OverlayLab, overlayLab } from "./fake-overlay.ts";
import { randomPeers } from "./random-peers.ts";

const cases = {
  routed: { ips: ["10.40.1.7/24", "fd00:40:1::7/64"] },
  stretched: {
    config: { mode: "stretched", subnet: "10.50.0.0/24", directory: { type: "static", peers: [] } },
    ips: ["10.50.0.16/24", "fd00:50::10/64"],
  },
} as const;

const [bridge, tunnel] = ["vsw-blue", "vsx-blue"] as const;
const indexOf = (host: OverlayLab, name: string): number =>
  Number(/^(\d+)/.exec(host.kernel.links().find((line) => line.endsWith(` ${name}`)) ?? "")?.[1]);

/** What somebody else may have done to the rows, or an older version. */
function damages(mode: OverlayMode, host: OverlayLab): readonly Request[] {
  const [on, behind] = [indexOf(host, tunnel), indexOf(host, bridge)];
  const [stranger, known] = [mac("02:00:00:00:00:99"), mac("0e:2a:c0:00:02:02")];
  const self = { index: on, on: "self", state: "permanent" } as const;
  return [
    replaceFdb({ ...self, mac: stranger, vtep: ip("192.0.2.99") }),
    replaceFdb({ ...self, mac: known, vtep: ip("192.0.2.99") }),
    appendFdb({ ...self, mac: mac("00:00:00:00:00:00"), vtep: ip("192.0.2.98") }),
    ...(mode === "stretched"
      ? [
          replaceFdb({ index: on, mac: stranger, on: "master", state: "noarp" }),
          replaceNeighbour({
            index: behind,
            address: ip("10.50.0.99"),
            mac: stranger,
            state: "permanent",
            protocol: 118,
          }),
        ]
      : [
          replaceNeighbour({
            index: on,
            address: ip("fe80::99"),
            mac: stranger,
            state: "permanent",
            protocol: 118,
          }),
          replaceNexthop({ id: 5, index: on, gateway: ip("fe80::99"), onlink: true }),
          replaceRoute({ dst: prefix("10.40.2.0/24"), nexthopId: 5, priority: 100 }),
          replaceRoute({ dst: prefix("10.99.0.0/24"), nexthopId: 5, priority: 100 }),
          deleteNexthop(5),
        ]),
  ];
}

describe.each(["routed", "stretched"] as const)("rows of any hosts, %s", (mode) => {
  // Its tables are hundreds of messages: one host is put back to how it was.
  const host = overlayLab();
  const plan = host.planned(cases[mode]);
  host.attach(plan, []);
  const alone = host.kernel.save();
  /** A route whose own MTU went has the switch's: the kernel would keep the old one. */
  const dump = () => host.kernel.dump().replaceAll(/^( *route .*) mtu 1450$/gm, "$1");
  const connect = (...peers: readonly Peer[]) => host.backend.connectPeers(plan.switch, { peers, own: [] });

  it(`become those of any others, whatever somebody did, and then there is nothing to do (SEED=${seed})`, () => {
    const many = fc.subarray(Array.from({ length: 8 }, (_, i) => i));
    fc.assert(
      fc.property(randomPeers(mode), randomPeers(mode), many, (before, after, chosen) => {
        alone();
        connect(...after);
        const wanted = dump();
        alone();
        connect(...before);
        const all = damages(mode, host);
        for (const i of chosen) if (all[i] !== undefined) host.kernel.host.requests([all[i]]);
        expect(connect(...after)?.failures).toEqual([]);
        expect(host.backend.comparePeers(plan.switch, { peers: after, own: [] })).toEqual([]);
        expect(connect(...after)).toEqual({ written: 0, removed: 0, failures: [] });
        expect(dump()).toBe(wanted);
      }),
      { seed, numRuns: 150 },
    );
  });

  it("write nothing where nothing is new, and only what is of one host that is", () => {
    const [first, second] = [2, 3].map((node): Peer => {
      const vtep = ip(`192.0.2.${node}`);
      const address = ip(`10.50.0.${node * 16}`);
      return {
        ...{ node: `n${node}`, vtep, mac: mac(`0e:2a:c0:00:02:0${node}`) },
        subnets: mode === "routed" ? [prefix(`10.40.${node}.0/24`)] : [],
        endpoints: mode === "routed" ? [] : [{ addresses: [address], mac: mac(`0e:2a:0a:32:00:${node}0`) }],
      };
    }) as [Peer, Peer];
    alone();
    connect(first);
    expect(connect(first)).toMatchObject({ written: 0, removed: 0 });
    // Routed: its element, neighbour, row, next hop, route. Stretched: its element, neighbour, and two rows.
    const rows = mode === "routed" ? 5 : 4;
    expect(connect(first, second)).toMatchObject({ written: rows, removed: 0 });
    expect(connect(second)).toMatchObject({ written: 0, removed: rows });
  });
});
