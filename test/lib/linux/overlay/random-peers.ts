/** Random hosts of an overlay network. */
import fc from "fast-check";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { OverlayMode } from "../../../../lib/model/switch.ts";
import { vtepMac } from "../../../../lib/model/vtep.ts";

const subnets = (node: number) =>
  fc.subarray([
    prefix(`10.40.${node}.0/24`),
    prefix(`10.40.${node + 100}.0/25`),
    prefix(`fd00:40:${node}::/64`),
  ]);

const endpoints = (node: number) =>
  fc.subarray([0, 1, 2]).map((all) =>
    all.map((i) => {
      const address = ip(`10.50.0.${node * 16 + i}`);
      return { addresses: [address, ip(`fd00:50::${node}${i}`)], mac: vtepMac(address) };
    }),
  );

/** Host N may be at another address than usual, have another MAC, and take less. */
const peer = (mode: OverlayMode, node: number): fc.Arbitrary<Peer> =>
  fc
    .record({
      moved: fc.boolean(),
      named: fc.boolean(),
      mtu: fc.constantFrom(undefined, 1300, 1450, 9000),
      subnets: mode === "routed" ? subnets(node) : fc.constant([]),
      endpoints: mode === "routed" ? fc.constant([]) : endpoints(node),
    })
    .map(({ moved, named, mtu, ...rest }) => {
      const vtep = ip(`192.0.2.${moved ? node + 100 : node}`);
      const own = named ? mac(`02:00:00:00:00:0${node}`) : vtepMac(vtep);
      return { node: `n${node}`, vtep, mac: own, ...rest, ...(mtu === undefined ? {} : { mtu }) };
    });

const nodes = [2, 3, 4, 5, 6];

/** Some of five hosts, in any order. */
export const randomPeers = (mode: OverlayMode): fc.Arbitrary<readonly Peer[]> =>
  fc.shuffledSubarray(nodes).chain((chosen) => fc.tuple(...chosen.map((node) => peer(mode, node))));
