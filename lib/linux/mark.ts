/**
 * The marks on kernel objects: whose a link or an nftables element is, in its alias or comment.
 *
 * The key comes first and is never clipped; what follows is for people and for rebuilding lost state.
 * Links: `vswitch:endpoint KEY ADDRESSES OWNER`, `vswitch:network NAME GATEWAYS`. Elements: the same without addresses.
 */
import { type Prefix, parsePrefix } from "../addr/prefix.ts";
import type { Mark, SwitchMark } from "../model/facts.ts";
import { formatOwner, type Owner, ownerKey } from "../model/owner.ts";

/** linux/if.h IFALIASZ less the NUL, in bytes. */
const longestAlias = 255;

export function endpointAlias(owner: Owner, addresses: readonly Prefix[]): string {
  const list = addresses.join(",") || "-";
  return clip(`vswitch:endpoint ${ownerKey(owner)} ${list} ${formatOwner(owner)}`, longestAlias);
}

/** Comment of an endpoint's nftables elements. */
export function endpointComment(owner: Owner): string {
  return `vswitch:endpoint ${ownerKey(owner)} ${formatOwner(owner)}`;
}

export function switchAlias(network: string, gateways: readonly Prefix[]): string {
  return clip(`vswitch:network ${network} ${gateways.join(",") || "-"}`, longestAlias);
}

/** Comment of a network's nftables elements. */
export function networkComment(network: string): string {
  return `vswitch:network ${network}`;
}

/** Key in an endpoint's alias or comment. */
export function markedKey(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /^vswitch:endpoint ([0-9a-f]{32})\b/.exec(text)?.[1];
}

/** Network in a switch's alias or a network element's comment. */
export function markedNetwork(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /^vswitch:network ([^ ]+)/.exec(text)?.[1];
}

export function parseEndpointAlias(alias: string | undefined): Mark | undefined {
  const key = markedKey(alias);
  if (alias === undefined || key === undefined) return undefined;
  const [, , list = "", ...rest] = alias.split(" ");
  const owner = parseOwner(rest.join(" "));
  // A clipped owner does not give the key any more: the key alone identifies then.
  const whole = owner !== undefined && ownerKey(owner) === key;
  return { key, addresses: parseList(list), ...(whole ? { owner } : {}) };
}

export function parseSwitchAlias(
  name: string,
  mtu: number,
  alias: string | undefined,
): SwitchMark | undefined {
  const network = markedNetwork(alias);
  if (alias === undefined || network === undefined) return undefined;
  return { network, name, mtu, gateways: parseList(alias.split(" ")[2] ?? "") };
}

function parseOwner(text: string): Owner | undefined {
  const [network, containerId, ifname] = text.split("/");
  return network && containerId && ifname ? { network, containerId, ifname } : undefined;
}

function parseList(list: string): Prefix[] {
  return list.split(",").flatMap((text) => parsePrefix(text) ?? []);
}

/** Cuts at a byte limit without splitting a character. */
function clip(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= limit
    ? text
    : bytes
        .subarray(0, limit)
        .toString("utf8")
        .replace(/\uFFFD+$/, "");
}
