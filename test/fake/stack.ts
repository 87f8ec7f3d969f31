/** One namespace of the fake kernel: links with their addresses and routes, settings below /proc/sys/net. */
import type { Ip } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import { type Prefix, prefixLength } from "../../lib/addr/prefix.ts";
import type { NewTap } from "../../lib/linux/vm/create-tap.ts";
import type { Route } from "../../lib/netlink/route/decode-route.ts";
import { type Sublink, sublinkTitle } from "../../lib/netlink/route/sublink.ts";
import { type TokenBucket, tbfTitle } from "../../lib/netlink/tc/tbf.ts";
import type { ErrnoName } from "../../lib/os/errno.ts";

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
export function saveStack({ links, sysctls }: Stack): () => void {
  const savedLinks = [...links.values()].map(copyLink);
  const savedSysctls = new Map(sysctls);
  return () => {
    links.clear();
    for (const link of savedLinks) links.set(link.index, copyLink(link));
    sysctls.clear();
    for (const [key, value] of savedSysctls) sysctls.set(key, value);
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
  return [stack.name, ...sysctls, ...links.flatMap((link) => formatLink(stack, link))].join("\n");
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
    ...link.routes.map((route) => `    route ${formatRoute(route)}`),
    ...[...(link.neighbours ?? [])].map(([address, known]) => `    neigh ${address} ${known ?? "unknown"}`),
    ...(announced.length > 0 ? [`    announced ${announced.join(" ")}`] : []),
  ];
}

function formatTap({ owner, group, multiQueue, vnetHeader }: NewTap): string {
  const words = [owner !== undefined && `user ${owner}`, group !== undefined && `group ${group}`];
  return [...words, multiQueue && "multi_queue", vnetHeader && "vnet_hdr"].filter(Boolean).join(" ");
}

const nameIn = (stack: Stack) => (index: number) => stack.links.get(index)?.name ?? "nothing";

function formatRoute({ dst, gateway, priority, table }: Route): string {
  const words = [prefixLength(dst) === 0 ? "default" : dst, gateway && `via ${gateway}`];
  words.push(priority ? `metric ${priority}` : undefined, table === 254 ? undefined : `table ${table}`);
  return words.filter(Boolean).join(" ");
}
