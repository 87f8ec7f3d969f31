/** What overlay networks stand on: their uplink, the host's address there, its MTU, and ways to the other hosts. */
import { type Family, ipFamily } from "../../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../../lib/addr/prefix.ts";
import { findInterface } from "../../../../lib/model/path/find.ts";
import { type OverlayNetwork, overlayNetworks, peersOf } from "../../../../lib/model/path/remote.ts";
import { type Way, wayTo } from "../../../../lib/model/path/way.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import type { Scene, SceneInterface } from "../../../../lib/model/scene.ts";
import { vxlanOverhead } from "../../../../lib/model/vtep.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, some, warning } from "../finding.ts";
import { type Patient, sysctlNumber } from "../patient.ts";

export const overlayUnderlay: Check = {
  id: "overlay-underlay",
  needs: ["state", "network"],
  fine: "the underlay carries the packets of each overlay network to its hosts",
  find: (patient) =>
    overlayNetworks(patient.scene).flatMap((network) => [
      ...ofUplink(patient.scene, network),
      ...ofWays(patient, network),
    ]),
};

function ofUplink(scene: Scene, network: OverlayNetwork): readonly Complaint[] {
  const { name, switch: vswitch } = network;
  const { uplink, vtep } = vswitch.tunnel;
  const link = findInterface(scene, uplink);
  if (link === undefined)
    return [
      error(`the uplink ${uplink} of overlay network ${name} is gone`, {
        seen: ["no interface of the host has the name: no other host is reached"],
        remedy: 'bring it back, or name another one by "uplink" and start the containers anew',
      }),
    ];
  if (!link.up || link.carrier === false)
    return [
      error(`the uplink ${uplink} of overlay network ${name} ${link.up ? "has no carrier" : "is down"}`, {
        remedy: link.up ? "look at the cable, and at what it leads to" : "switch it on",
        ...(link.up ? {} : { commands: [`ip link set dev ${uplink} up`] }),
      }),
    ];
  const isThere = link.addresses.some((address) => prefixAddress(address) === vtep);
  return [...(isThere ? [] : [lostVtep(scene, network, link)]), ...ofMtu(network, link)];
}

function lostVtep(
  { host }: Scene,
  { name, switch: { tunnel } }: OverlayNetwork,
  link: SceneInterface,
): Complaint {
  const { vtep, uplink } = tunnel;
  const elsewhere = host.interfaces.find(({ addresses }) =>
    addresses.some((one) => prefixAddress(one) === vtep),
  );
  const own = link.addresses.filter((one) => ipFamily(prefixAddress(one)) === ipFamily(vtep));
  const seen = [
    `${uplink} has ${own.join(", ") || `no IPv${ipFamily(vtep)} address`}`,
    ...(elsewhere === undefined ? [] : [`${elsewhere.name} has ${vtep}`]),
  ];
  if (elsewhere !== undefined)
    return warning(`the VTEP ${vtep} of overlay network ${name} is not on its uplink ${uplink}`, {
      seen,
      remedy: `packets go by the routes of the host all the same; where they shall go by ${elsewhere.name}, name it by "uplink"`,
    });
  return error(`the VTEP ${vtep} of overlay network ${name} is no address of the host any more`, {
    seen,
    remedy: `give it back; or remove the network's containers here, put the new address into the directory, and start them anew`,
    commands: [`ip address add ${vtep}/${ipFamily(vtep) === 4 ? 24 : 64} dev ${uplink}`],
  });
}

function ofMtu(
  { name, switch: { mtu, tunnel } }: OverlayNetwork,
  link: SceneInterface,
): readonly Complaint[] {
  const family: Family = ipFamily(tunnel.vtep);
  const needs = mtu + vxlanOverhead[family];
  if (link.mtu >= needs) return [];
  const carries = link.mtu - vxlanOverhead[family];
  return [
    error(
      `the uplink ${link.name} carries packets of ${link.mtu} bytes, overlay network ${name} needs ${needs}`,
      {
        seen: [
          `the network was made for packets of ${mtu} bytes, and VXLAN over IPv${family} adds ${vxlanOverhead[family]}`,
          `packets of more than ${carries} bytes to other hosts are lost, and nobody is told`,
        ],
        remedy: `raise it again if the wire carries it; else write "mtu": ${carries} into the configuration of ${name} on all hosts and start its containers anew`,
        commands: [`ip link set dev ${link.name} mtu ${needs}`],
      },
    ),
  ];
}

interface WayTo {
  readonly peer: Peer;
  readonly way: Way;
}

function ofWays(patient: Patient, network: OverlayNetwork): readonly Complaint[] {
  const { name, switch: vswitch } = network;
  const ways = peersOf(network).map((peer): WayTo => ({ peer, way: wayTo(patient.scene, peer.vtep) }));
  const lost = ways.filter(({ way }) => way.kind === "none" || way.kind === "forbidden");
  const own = ways.filter(({ way }) => way.kind === "local");
  return [
    ...(lost.length === 0
      ? []
      : [
          error(`${countOf(lost)} of overlay network ${name} cannot be reached on the underlay`, {
            seen: some(lost.map(({ peer, way }) => `${peer.vtep} (${peer.node}): ${way.text}`)),
            remedy: `give the host a route to them by ${vswitch.tunnel.uplink}`,
          }),
        ]),
    ...(own.length === 0
      ? []
      : [
          error(`the directory of overlay network ${name} names this host's own address for another one`, {
            seen: some(own.map(({ peer }) => `${peer.node} is said to have ${peer.vtep}`)),
            remedy: "mend it: each host has a VTEP of its own",
          }),
        ]),
    ...strictWays(patient, network, ways),
  ];
}

const countOf = (ways: readonly WayTo[]): string => (ways.length === 1 ? "1 host" : `${ways.length} hosts`);

/** net/ipv4/conf: the larger of "all" and the interface's own counts. */
const STRICT = 1;

/** What comes in by the uplink and would be answered by another interface is dropped there. */
function strictWays(patient: Patient, network: OverlayNetwork, ways: readonly WayTo[]): readonly Complaint[] {
  const { uplink } = network.switch.tunnel;
  const of = (name: string): number => sysctlNumber(patient, `ipv4/conf/${name}/rp_filter`) ?? 0;
  if (Math.max(of("all"), of(uplink)) !== STRICT) return [];
  const elsewhere = ways.filter(
    ({ peer, way }) => ipFamily(peer.vtep) === 4 && way.kind === "via" && way.interface !== uplink,
  );
  if (elsewhere.length === 0) return [];
  return [
    warning(
      `${uplink} filters reverse paths strictly, and ${countOf(elsewhere)} of ${network.name} ${elsewhere.length === 1 ? "is" : "are"} reached elsewhere`,
      {
        seen: some(elsewhere.map(({ peer, way }) => `${peer.vtep} (${peer.node}): ${way.text}`)),
        remedy: `what they send to ${uplink} is dropped; loose filtering (2) lets it in, or a route by ${uplink} makes the ways the same`,
        commands: [`sysctl -w net/ipv4/conf/${uplink}/rp_filter=2`],
      },
    ),
  ];
}
