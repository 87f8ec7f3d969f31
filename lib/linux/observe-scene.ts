/** The host's own compartment as a scene has it: interfaces, routes of all tables, neighbours, forwarding, foreign rules. */
import type { Prefix } from "../addr/prefix.ts";
import type { SceneHost, SceneInterface, SceneNeighbour, SceneRoute } from "../model/scene.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeAddress, dumpAddresses } from "../netlink/route/address.ts";
import { decodeLink, type Link } from "../netlink/route/decode-link.ts";
import { decodeRoute, type Route } from "../netlink/route/decode-route.ts";
import { dumpLinks } from "../netlink/route/link.ts";
import { decodeNeighbour, dumpNeighbours } from "../netlink/route/neighbour.ts";
import { dumpRoutes } from "../netlink/route/route.ts";
import { readLegacyChains } from "./foreign/legacy-chains.ts";
import { readForeignChains } from "./foreign/read-foreign.ts";
import type { Readers } from "./machine.ts";

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
  };
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
  return {
    name,
    mtu,
    up,
    addresses,
    ...(up && !carrier ? { carrier } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(mac === undefined ? {} : { mac }),
    ...(master === undefined ? {} : { master }),
  };
}

/** A route with several ways is one for each of them; the model takes the first, the kernel one by its hash. */
function toRoutes(route: Route, names: Names): readonly SceneRoute[] {
  const { dst: destination, type, priority, table, nexthops } = route;
  const common = { destination, type, priority, table };
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
      return [{ address, mac, interface: name }];
    });
}
