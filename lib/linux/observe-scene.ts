/** The host's own compartment as a scene has it: interfaces, routes of all tables, neighbours, forwarding, foreign rules. */
import type { Prefix } from "../addr/prefix.ts";
import type {
  SceneForwarding,
  SceneHost,
  SceneInterface,
  SceneNeighbour,
  SceneRoute,
  SceneVxlan,
} from "../model/scene.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeAddress, dumpAddresses } from "../netlink/route/address.ts";
import { decodeLink, type Link } from "../netlink/route/decode-link.ts";
import { decodeRoute, type Route } from "../netlink/route/decode-route.ts";
import { decodeFdb, dumpFdb } from "../netlink/route/fdb.ts";
import { dumpLinks } from "../netlink/route/link.ts";
import { decodeNeighbour, dumpNeighbours } from "../netlink/route/neighbour.ts";
import { dumpRoutes } from "../netlink/route/route.ts";
import { RTPROT_KERNEL } from "../netlink/route/rtmsg.ts";
import { decodeVxlan } from "../netlink/route/vxlan.ts";
import { readLegacyChains } from "./foreign/legacy-chains.ts";
import { readForeignChains } from "./foreign/read-foreign.ts";
import type { Readers } from "./machine.ts";
import { markedNetwork } from "./mark.ts";
import { readTxChecksum } from "./offload.ts";

/** Of br_netfilter, absent where the kernel does not have it. */
const bridgeFilterKeys = { 4: "bridge-nf-call-iptables", 6: "bridge-nf-call-ip6tables" } as const;

/** Names of links by their index. */
type Names = ReadonlyMap<number, string>;

/** @throws {NetlinkError} when the kernel cannot be asked */
export function observeSceneHost({ host, rules, readSysctl }: Readers): SceneHost {
  const links = host.request(dumpLinks()).map(decodeLink);
  const names: Names = new Map(links.map(({ index, name }) => [index, name]));
  const addresses = addressesByLink(host);
  return {
    interfaces: links.map((link) => toInterface(link, names, addresses.get(link.index) ?? [])),
    routes: host
      .request(dumpRoutes())
      .map(decodeRoute)
      .flatMap((route) => toRoutes(route, names)),
    neighbours: neighbours(host, names),
    forwarding: {
      4: readSysctl(["ipv4", "ip_forward"]) === "1",
      6: readSysctl(["ipv6", "conf", "all", "forwarding"]) === "1",
    },
    bridgeFilter: ([4, 6] as const).filter(
      (family) => readSysctl(["bridge", bridgeFilterKeys[family]]) === "1",
    ),
    foreign: [...readForeignChains(rules, names), ...readLegacyChains()],
    ...forwardingRows(host, links),
  };
}

/** Of each tunnel of ours a dump: others may have a great many rows, which are not looked at. */
function forwardingRows(host: Netlink, links: readonly Link[]): Pick<SceneHost, "fdb"> {
  const tunnels = links.filter(({ kind, alias }) => kind === "vxlan" && markedNetwork(alias) !== undefined);
  if (tunnels.length === 0) return {};
  const fdb = tunnels.flatMap((tunnel) =>
    host
      .request(dumpFdb({ index: tunnel.index }))
      .map(decodeFdb)
      .filter(({ on, vtep, state }) => vtep !== undefined || (on === "master" && state !== "permanent"))
      .map(
        ({ mac, on, vtep }): SceneForwarding => ({
          mac,
          interface: tunnel.name,
          on,
          ...(vtep === undefined ? {} : { vtep }),
        }),
      ),
  );
  return { fdb };
}

function addressesByLink(host: Netlink): ReadonlyMap<number, readonly Prefix[]> {
  const found = host.request(dumpAddresses()).map(decodeAddress);
  const byLink = Map.groupBy(
    found.filter(({ dadFailed }) => !dadFailed),
    ({ index }) => index,
  );
  return new Map([...byLink].map(([index, list]) => [index, list.map(({ address }) => address)]));
}

function toInterface(link: Link, names: Names, addresses: readonly Prefix[]): SceneInterface {
  const { name, kind, mac, mtu, up, carrier } = link;
  const master = link.master === undefined ? undefined : names.get(link.master);
  const vxlan = toVxlan(link);
  return {
    name,
    mtu,
    up,
    addresses,
    ...(up && !carrier ? { carrier } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(mac === undefined ? {} : { mac }),
    ...(master === undefined ? {} : { master }),
    ...(vxlan === undefined ? {} : { vxlan }),
  };
}

function toVxlan(link: Link): SceneVxlan | undefined {
  const found = decodeVxlan(link);
  if (found === undefined) return undefined;
  const { vni, udpPort, local, df } = found;
  return {
    vni,
    udpPort,
    ...(local === undefined ? {} : { local }),
    ...(df === undefined ? {} : { df }),
    ...(markedNetwork(link.alias) === undefined ? {} : checksums(link.name)),
  };
}

function checksums(name: string): Pick<SceneVxlan, "lateChecksums"> {
  const late = readTxChecksum(name);
  return late === undefined ? {} : { lateChecksums: late };
}

/** A route with several ways is one for each of them; the model takes the first, the kernel one by its hash. */
function toRoutes(route: Route, names: Names): readonly SceneRoute[] {
  const { dst: destination, type, priority, table, nexthops, protocol, src, mtu } = route;
  // The kernel's own routes name the address that they came with, which the model knows.
  const named = src !== undefined && protocol !== RTPROT_KERNEL;
  const common = {
    destination,
    type,
    priority,
    table,
    ...(named ? { source: src } : {}),
    ...(mtu === undefined ? {} : { mtu }),
  };
  if (nexthops.length === 0) return [common];
  return nexthops.map(({ index, gateway }) => {
    const name = names.get(index);
    return {
      ...common,
      ...(gateway === undefined ? {} : { gateway }),
      ...(name === undefined ? {} : { interface: name }),
    };
  });
}

/** Those that packets can be sent to; multicast and the like, which nobody asks for, are left out. */
function neighbours(host: Netlink, names: Names): readonly SceneNeighbour[] {
  return host
    .request(dumpNeighbours())
    .map(decodeNeighbour)
    .flatMap(({ index, address, mac, state, proxy }) => {
      const name = names.get(index);
      const known = mac !== undefined && name !== undefined && !proxy;
      if (!known || state === "noarp" || state === "failed" || state === "incomplete") return [];
      return [{ address, mac, interface: name, ...(state === "permanent" ? { permanent: true } : {}) }];
    });
}
