/**
 * The marks on kernel objects: whose a link or an nftables element is, in its alias or comment.
 *
 * The key comes first and is never clipped; what follows is for people and for rebuilding lost state.
 * Links: `vswitch:endpoint KEY ADDRESSES OWNER`, `vswitch:network NAME GATEWAYS`. A routed network's bridge goes on with
 * `routed UPLINK CHANGED`, one that takes an uplink with `bridge UPLINK`, and with what is being done to it behind, and
 * an overlay network's with `overlay VNI MODE UPLINK VTEP PORT MAC`; its tunnel bears the network's mark, too.
 * Elements: the same without addresses.
 */
import { parseIp } from "../addr/ip.ts";
import { type Mac, parseMac } from "../addr/mac.ts";
import { type Prefix, parsePrefix } from "../addr/prefix.ts";
import type { Mark, SwitchMark } from "../model/facts.ts";
import { digest, formatOwner, type Owner, ownerKey } from "../model/owner.ts";
import { adapterMac } from "../model/plan.ts";
import type { OverlaySwitch, Tunnel } from "../model/switch.ts";
import type { Link } from "../netlink/route/decode-link.ts";

/** linux/if.h IFALIASZ less the NUL, in bytes. */
const longestAlias = 255;
/** So that a network's mark fits the comment of an element, which may have 128 bytes. */
const longestNetwork = 100;

export function endpointAlias(owner: Owner, addresses: readonly Prefix[]): string {
  const marked = withList(`vswitch:endpoint ${ownerKey(owner)}`, addresses);
  return clip(`${marked} ${formatOwner(owner)}`, longestAlias);
}

/** Comment of an endpoint's nftables elements. */
export function endpointComment(owner: Owner): string {
  return `vswitch:endpoint ${ownerKey(owner)} ${formatOwner(owner)}`;
}

export function switchAlias(network: string, gateways: readonly Prefix[]): string {
  return withList(networkComment(network), gateways);
}

/** What a bridge whose containers the host answers for says beside its network. */
export interface RoutedMark {
  /** Interface on which the host answers. */
  readonly proxy: string;
  /** Settings of the host that were changed for it, to be put back with the last such bridge. */
  readonly changed: readonly string[];
}

export function routedAlias(network: string, { proxy, changed }: RoutedMark): string {
  return `${switchAlias(network, [])} routed ${proxy} ${changed.join(",") || "-"}`;
}

export function parseRoutedAlias(alias: string | undefined): RoutedMark | undefined {
  if (alias === undefined || markedNetwork(alias) === undefined) return undefined;
  const [, , , kind, proxy, changed = "-"] = alias.split(" ");
  if (kind !== "routed" || proxy === undefined) return undefined;
  return { proxy, changed: changed === "-" ? [] : changed.split(",") };
}

/** What a bridge is doing with the host's addresses: while it does, a process that is killed leaves them half way. */
export type Moving = "taking" | "returning";

/** Alias of a bridge that has taken the uplink, or is about to. */
export function takenAlias(network: string, lower: string, moving?: Moving): string {
  return `${switchAlias(network, [])} bridge ${lower}${moving === undefined ? "" : ` ${moving}`}`;
}

/** What the alias says of the uplink; undefined when it speaks of none. */
export function markedUplink(
  alias: string | undefined,
): { readonly lower: string; readonly moving?: Moving } | undefined {
  const found = /^vswitch:network [^ ]+ [^ ]+ bridge ([^ ]+)(?: (taking|returning))?$/.exec(alias ?? "");
  const [, lower, moving] = found ?? [];
  if (lower === undefined) return undefined;
  return { lower, ...(moving === undefined ? {} : { moving: moving as Moving }) };
}

/**
 * What the bridge of an overlay network says beside its network: as much as GC and the agent need where the state file was lost.
 * Other settings come with the next ADD.
 */
export interface OverlayMark extends Pick<OverlaySwitch, "vni" | "mode"> {
  readonly tunnel: Pick<Tunnel, "uplink" | "vtep" | "udpPort" | "mac">;
}

export function overlayAlias(network: string, gateways: readonly Prefix[], mark: OverlayMark): string {
  const { vni, mode, tunnel } = mark;
  const { uplink, vtep, udpPort, mac } = tunnel;
  const rest = ` overlay ${vni} ${mode} ${uplink} ${vtep} ${udpPort} ${mac}`;
  const room = longestAlias - rest.length;
  return `${withList(networkComment(network), gateways, room)}${rest}`;
}

export function parseOverlayAlias(alias: string | undefined): OverlayMark | undefined {
  if (alias === undefined || markedNetwork(alias) === undefined) return undefined;
  const [, , , kind, vni = "", mode, uplink, address = "", udpPort = "", mac = ""] = alias.split(" ");
  if (kind !== "overlay" || uplink === undefined) return undefined;
  const [vtep, own] = [parseIp(address), parseMac(mac)];
  if (vtep === undefined || own === undefined || (mode !== "routed" && mode !== "stretched"))
    return undefined;
  return { vni: Number(vni), mode, tunnel: { uplink, vtep, udpPort: Number(udpPort), mac: own } };
}

/** Alias of an overlay network's tunnel. */
export function tunnelAlias(network: string): string {
  return `${networkComment(network)} tunnel`;
}

/** Comment of a network's nftables elements. */
export function networkComment(network: string): string {
  return `vswitch:network ${networkMark(network)}`;
}

/** The network's name as marks bear it: in a long one a hash stands for the rest, behind a sign that no name has. */
export function networkMark(network: string): string {
  if (network.length <= longestNetwork) return network;
  const hash = digest("network", network).slice(0, 16);
  return `${network.slice(0, longestNetwork - 17)}~${hash}`;
}

/** Key in an endpoint's alias or comment. */
export function markedKey(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /^vswitch:endpoint ([0-9a-f]{32})\b/.exec(text)?.[1];
}

/** `networkMark` of the network in a switch's alias or a network element's comment. */
export function markedNetwork(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /^vswitch:network ([^ ]+)/.exec(text)?.[1];
}

/** Alias of a VLAN of an uplink that we made: it is no network's alone. */
export const vlanAlias = "vswitch:vlan";
/**
 * Its group, which it has from the message on that makes it: an alias comes later, and whose a VLAN without one is nobody
 * could tell. "vswv" in ASCII; links of a group are deleted together only where somebody asks for that.
 */
export const vlanGroup = 0x76737776;

/** Whether a VLAN of an uplink is one that we made, and not the host's own. */
export const isOurVlan = ({ kind, alias, group }: Link): boolean =>
  kind === "vlan" && (group === vlanGroup || alias === vlanAlias);

/** Whether a link is the host's own adapter on a network's switch: bears its mark; or none yet, and its MAC. */
export function isAdapterOf(link: Link, network: string, mac: Mac = adapterMac(network)): boolean {
  if (link.kind !== "macvlan") return false;
  return link.alias === undefined ? link.mac === mac : markedNetwork(link.alias) === networkMark(network);
}

export type LinkMark = Omit<Mark, "ports">;

export function parseEndpointAlias(alias: string | undefined): LinkMark | undefined {
  const key = markedKey(alias);
  if (alias === undefined || key === undefined) return undefined;
  const [, , list = "", ...rest] = alias.split(" ");
  return { key, addresses: parseList(list), ...parseOwner(rest.join(" "), key) };
}

/** Of an element: addresses are not in its comment. */
export function parseEndpointComment(comment: string | undefined): LinkMark | undefined {
  const key = markedKey(comment);
  if (comment === undefined || key === undefined) return undefined;
  return { key, addresses: [], ...parseOwner(comment.split(" ").slice(2).join(" "), key) };
}

export function parseSwitchAlias(
  name: string,
  mtu: number,
  alias: string | undefined,
  mac?: Mac,
): SwitchMark | undefined {
  const network = markedNetwork(alias);
  if (alias === undefined || network === undefined) return undefined;
  const routed = parseRoutedAlias(alias)?.proxy;
  const taken = markedUplink(alias);
  const overlay = parseOverlayAlias(alias);
  return {
    network,
    name,
    mtu,
    gateways: parseList(alias.split(" ")[2] ?? ""),
    ...(routed === undefined ? {} : { routed: { uplink: routed } }),
    ...(overlay === undefined ? {} : { overlay }),
    ...(taken && mac ? { external: { kind: "bridge", lower: taken.lower, mac } } : {}),
  };
}

/** A clipped owner does not give the key any more: the key alone identifies then. */
function parseOwner(text: string, key: string): { readonly owner?: Owner } {
  const [network, containerId, ifname] = text.split("/");
  if (!network || !containerId || !ifname) return {};
  const owner = { network, containerId, ifname };
  return ownerKey(owner) === key ? { owner } : {};
}

function parseList(list: string): Prefix[] {
  return list.split(",").flatMap((text) => parsePrefix(text) ?? []);
}

/** As many of the prefixes as there is room for: half of one would be another one. */
function withList(head: string, prefixes: readonly Prefix[], room = longestAlias): string {
  let list = "";
  for (const prefix of prefixes) {
    const longer = list === "" ? prefix : `${list},${prefix}`;
    if (head.length + 1 + longer.length > room) break;
    list = longer;
  }
  return `${head} ${list || "-"}`;
}

/** Cuts at a byte limit without splitting a character, of which none has more than three bytes for each of its units. */
function clip(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  return bytes.length <= limit
    ? text
    : bytes
        .subarray(0, limit)
        .toString("utf8")
        .replace(/\uFFFD+$/, "");
}
