/** One namespace of the fake kernel: links with their addresses and routes, settings below /proc/sys/net. */
import type { Ip } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import { type Prefix, prefixLength } from "../../lib/addr/prefix.ts";
import type { NewTap } from "../../lib/linux/vm/create-tap.ts";
import type { Attr } from "../../lib/netlink/attr.ts";
import type { Route } from "../../lib/netlink/route/decode-route.ts";
import type { NewNexthop } from "../../lib/netlink/route/nexthop.ts";
import { type Sublink, sublinkTitle } from "../../lib/netlink/route/sublink.ts";
import { type TokenBucket, tbfTitle } from "../../lib/netlink/tc/tbf.ts";
import type { ErrnoName } from "../../lib/os/errno.ts";
import type { FakeFdb } from "./remote.ts";

/** The fake kernel's "no", by the name of the errno that the real one answers. */
export class Refusal extends Error {
  readonly errnoName: ErrnoName;

  constructor(errnoName: ErrnoName) {
    super(errnoName);
    this.errnoName = errnoName;
  }
}

export interface FakeLink {
  readonly index: number;
  name: string;
  readonly kind: string | undefined;
  mac: string;
  mtu: number;
  up: boolean;
  alias?: string;
  master?: number;
  group: number;
  /** What holds it to a rate when it sends. */
  bucket?: TokenBucket;
  /** Indexes of the links to which it redirects what it receives. Absent: it has had no ingress discipline yet. */
  redirects?: number[] | "gone";
  peer?: { readonly stack: Stack; readonly index: number };
  /** What it hangs on, and as what. */
  readonly lower?: FakeLink;
  readonly sublink?: Sublink;
  /** Of a tap. */
  readonly tap?: NewTap;
  /** What hangs on it, in whatever namespace; some may be gone. */
  uppers?: readonly { readonly stack: Stack; readonly link: FakeLink }[];
  /** Machines beyond it, by their addresses. */
  readonly beyond?: ReadonlyMap<Ip, Mac>;
  /** Entries by address; undefined waits for an answer. */
  neighbours?: Map<Ip, Mac | undefined>;
  /** What was given as IFLA_INFO_DATA of a VXLAN. */
  vxlan?: readonly Attr[];
  /** Its own rows, and those of its bridge that lead to it. */
  fdb?: readonly FakeFdb[] | undefined;
  /** Neighbours that nobody asks for. */
  permanent?: ReadonlyMap<Ip, { readonly mac: Mac; readonly protocol: number }>;
  readonly addresses: Prefix[];
  readonly routes: Route[];
  /** What is set, as "ipv6/accept_ra"; the rest is as the kernel has it by itself. */
  readonly sysctls: Map<string, string>;
  /** Other things that were set, in the words of `ip -d link`. */
  readonly traits: Set<string>;
  /** Addresses that its neighbours were told of. */
  announced: readonly Prefix[];
}

export interface Stack {
  readonly name: string;
  readonly links: Map<number, FakeLink>;
  readonly sysctls: Map<string, string>;
  /** Routes without a link: nothing leaves by them. */
  readonly nowhere: Route[];
  /** Next hop objects by their numbers. */
  readonly nexthops: Map<number, Required<NewNexthop>>;
  /** "disabled": off on new links, as runtimes like it. */
  readonly ipv6: "on" | "disabled" | "absent";
}

/** @param wanted with the settings that differ from those of a new link */
export function addLink(stack: Stack, wanted: Partial<FakeLink> & Pick<FakeLink, "name">): FakeLink {
  if (wanted.name === "" || wanted.name.length > 15) throw new Refusal("EINVAL");
  if (linkNamed(stack, wanted.name)) throw new Refusal("EEXIST");
  const link: FakeLink = {
    kind: undefined,
    mac: "02:00:00:00:00:00",
    mtu: 1500,
    up: false,
    group: 0,
    addresses: [],
    routes: [],
    sysctls: new Map(stack.ipv6 === "disabled" ? [["ipv6/disable_ipv6", "1"]] : []),
    traits: new Set(),
    announced: [],
    ...wanted,
    index: Math.max(0, ...stack.links.keys()) + 1,
  };
  stack.links.set(link.index, link);
  return link;
}

export function linkNamed(stack: Stack, name: string): FakeLink | undefined {
  return [...stack.links.values()].find((link) => link.name === name);
}

const defaults: Readonly<Record<string, string>> = { "ipv6/accept_ra": "1", "ipv6/accept_dad": "1" };

/** @param key below net */
export function readSetting(
  stack: Stack,
  [family = "", conf, name = "", key]: readonly string[],
): string | undefined {
  if (family === "ipv6" && stack.ipv6 === "absent") return undefined;
  const link = conf === "conf" ? linkNamed(stack, name) : undefined;
  if (link === undefined) return stack.sysctls.get([family, conf, name, key].filter(Boolean).join("/"));
  return link.sysctls.get(`${family}/${key}`) ?? defaults[`${family}/${key}`] ?? "0";
}

export function writeSetting(stack: Stack, path: readonly string[], value: string): void {
  const [family, conf, name = "", key] = path;
  const link = conf === "conf" ? linkNamed(stack, name) : undefined;
  if (link) link.sysctls.set(`${family}/${key}`, value);
  else stack.sysctls.set(path.join("/"), value);
}

/** @returns gives the namespace back the links and settings it has now, any number of times */
export function saveStack({ links, sysctls, nowhere, nexthops }: Stack): () => void {
  const savedLinks = [...links.values()].map(copyLink);
  const savedSysctls = new Map(sysctls);
  const [savedNowhere, savedNexthops] = [[...nowhere], new Map(nexthops)];
  return () => {
    links.clear();
    for (const link of savedLinks) links.set(link.index, copyLink(link));
    sysctls.clear();
    for (const [key, value] of savedSysctls) sysctls.set(key, value);
    nowhere.splice(0, nowhere.length, ...savedNowhere);
    nexthops.clear();
    for (const [id, one] of savedNexthops) nexthops.set(id, one);
  };
}

/** With nothing in common that changes. */
function copyLink(link: FakeLink): FakeLink {
  return {
    ...link,
    ...(Array.isArray(link.redirects) && { redirects: [...link.redirects] }),
    addresses: [...link.addresses],
    routes: [...link.routes],
    sysctls: new Map(link.sysctls),
    traits: new Set(link.traits),
  };
}

/** The namespace as text, without the numbers that depend on what was made before. */
export function formatStack(stack: Stack): string {
  const links = [...stack.links.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const sysctls = [...stack.sysctls].map(([key, value]) => `  sysctl ${key}=${value}`);
  const nowhere = stack.nowhere.map((route) => `  route ${route.type} ${formatRoute(route)}`).toSorted();
  return [stack.name, ...sysctls, ...nowhere, ...links.flatMap((link) => formatLink(stack, link))].join("\n");
}

function formatLink(stack: Stack, link: FakeLink): readonly string[] {
  const { name, kind, peer, mac, mtu, up, alias, announced, bucket, redirects } = link;
  const master = stack.links.get(link.master ?? 0)?.name;
  const far = peer && `peer ${peer.stack.links.get(peer.index)?.name}@${peer.stack.name}`;
  const below = link.lower && link.sublink && `${sublinkTitle(link.sublink)} on ${link.lower.name}`;
  const words = [
    `link ${name}`,
    kind,
    far,
    below,
    link.tap && formatTap(link.tap),
    `address ${mac} mtu ${mtu}`,
    up ? "up" : "down",
  ];
  words.push(master && `master ${master}`, ...link.traits, alias && `alias "${alias}"`);
  return [
    `  ${words.filter(Boolean).join(" ")}`,
    ...[...link.sysctls]
      .filter(([key, value]) => value !== (defaults[key] ?? "0"))
      .map(([key, value]) => `    sysctl ${key}=${value}`),
    ...(bucket ? [`    qdisc ${tbfTitle(bucket)}`] : []),
    ...(Array.isArray(redirects) ? [`    ingress ${redirects.map(nameIn(stack)).join(" ")}`] : []),
    ...link.addresses.toSorted().map((address) => `    addr ${address}`),
    ...ownRoutes(stack, link).map((text) => `    route ${text}`),
    ...(link.fdb ?? []).map((row) => `    fdb ${formatFdb(row)}`).toSorted(),
    ...[...(link.permanent ?? [])]
      .map(([address, { mac: known }]) => `    neigh ${address} ${known} permanent`)
      .toSorted(),
    ...[...(link.neighbours ?? [])].map(([address, known]) => `    neigh ${address} ${known ?? "unknown"}`),
    ...(announced.length > 0 ? [`    announced ${announced.join(" ")}`] : []),
  ];
}

/** Those by next hop objects behind the others, by the gateways that their numbers stand for. */
function ownRoutes({ nexthops }: Stack, { routes }: FakeLink): readonly string[] {
  const by = routes.filter(({ nexthopId }) => nexthopId !== undefined);
  const plain = routes.filter(({ nexthopId }) => nexthopId === undefined);
  const shared = by.map(({ nexthopId = 0, ...route }) => {
    const gateway = nexthops.get(nexthopId)?.gateway ?? "nobody";
    const { src, mtu } = route;
    return [formatRoute(route), `by ${gateway}`, src && `src ${src}`, mtu && `mtu ${mtu}`]
      .filter(Boolean)
      .join(" ");
  });
  return [...plain.map(formatRoute), ...shared.toSorted()];
}

function formatFdb({ mac, vtep, on, state }: FakeFdb): string {
  return [mac, vtep && `dst ${vtep}`, on, state].filter(Boolean).join(" ");
}

function formatTap({ owner, group, multiQueue, vnetHeader }: NewTap): string {
  const words = [owner !== undefined && `user ${owner}`, group !== undefined && `group ${group}`];
  return [...words, multiQueue && "multi_queue", vnetHeader && "vnet_hdr"].filter(Boolean).join(" ");
}

const nameIn = (stack: Stack) => (index: number) => stack.links.get(index)?.name ?? "nothing";

function formatRoute({ dst, gateway, priority, table }: Omit<Route, "nexthopId">): string {
  const words = [prefixLength(dst) === 0 ? "default" : dst, gateway && `via ${gateway}`];
  words.push(priority ? `metric ${priority}` : undefined, table === 254 ? undefined : `table ${table}`);
  return words.filter(Boolean).join(" ");
}
