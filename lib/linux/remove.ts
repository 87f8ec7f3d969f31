/** Taking away what bears a mark. Needs neither compartment nor state; absent is success. */
import type { Ip } from "../addr/ip.ts";
import { CniError } from "../cni/error.ts";
import { limitsOf } from "../model/limits.ts";
import { type Plan, portMac, portName, switchMac } from "../model/plan.ts";
import { isOverlay, type Switch } from "../model/switch.ts";
import { portTap } from "../model/vm-nic.ts";
import type { Netlink } from "../netlink/connection.ts";
import type { TableName } from "../netlink/nft/message.ts";
import { deleteTable } from "../netlink/nft/table.ts";
import { decodeLink, type Link } from "../netlink/route/decode-link.ts";
import { deleteGroup, deleteLink, dumpLinks } from "../netlink/route/link.ts";
import { isErrno } from "../os/error.ts";
import { endpointElements } from "./compile/elements.ts";
import { publishedFlows } from "./compile/flows.ts";
import { forgetFlows } from "./flows.ts";
import { gone } from "./gone.ts";
import type { LayoutElement } from "./layout/element.ts";
import { decodeElements, dumpSet, encodeDelete, encodeGet, findElement } from "./layout/element-requests.ts";
import { getTables, readableTables } from "./layout/layout-state.ts";
import { deletePortAcls } from "./layout/port-acl-requests.ts";
import {
  endpointSetNames,
  isOfPort,
  type LayoutSetName,
  layoutSetNames,
  networkSetNames,
  stateSetNames,
} from "./layout/sets.ts";
import { isLimiterOf, limiterGroup, limiterName } from "./limiter.ts";
import { linkOf } from "./link-of.ts";
import type { Machine, Readers } from "./machine.ts";
import { markedKey, markedNetwork, networkMark, parseOverlayAlias, parseRoutedAlias } from "./mark.ts";
import { aclParts } from "./port-acls.ts";
import { releaseRouted, removeMarkedWays, removeWays } from "./routed/remove.ts";
import type { FlowPattern } from "./step.ts";
import { findTap, isTapOf } from "./vm/remove.ts";

const published = layoutSetNames.filter((name) => name.startsWith("published"));

/**
 * The port with its vNIC and its limiter first: while it is there its policies hold.
 *
 * @param first takes away what of the vNIC would not go with the port
 */
export function removeEndpoint(machine: Readers, key: string, plan?: Plan, first = () => {}): void {
  const { host, rules } = machine;
  const known = ourTables(rules).length > 0;
  const elements = known ? elementsOf(rules, key, plan) : [];
  const judged = plan === undefined || plan.port.aclDefault !== undefined;
  const port = portOf(host, key, plan);
  if (plan !== undefined) removeWays(host, plan);
  else if (port !== undefined) removeMarkedWays(host, port);
  const limited = plan === undefined || limitsOf(plan).out !== undefined;
  const limiter = limited ? linkOf(host, limiterName(key)) : undefined;
  first();
  deleteLinks(host, {
    port,
    limiter: limiter && isLimiterOf(limiter, key) ? limiter : undefined,
  });
  deleteElements(
    rules,
    elements,
    known && judged ? (plan?.port.name ?? port?.name ?? portName(key)) : undefined,
  );
  if (port !== undefined && elements.some(({ set }) => set === "judged")) forgetKnownFlows(rules, port.index);
  const flows = plan === undefined ? flowsOf(elements) : publishedFlows(plan);
  if (flows !== undefined) forgetFlows(machine, flows);
}

/** Each link by itself costs the kernel a wait of 15 ms, both as a group one. */
function deleteLinks(host: Netlink, { port, limiter }: { readonly [role: string]: Link | undefined }): void {
  const group = limiterGroup(port?.index ?? 0);
  if (port?.group === group && limiter?.group === group) {
    gone(host, deleteGroup(group));
    return;
  }
  for (const link of [port, limiter]) if (link !== undefined) gone(host, deleteLink(link.index));
}

function elementsOf(rules: Netlink, key: string, plan: Plan | undefined): readonly LayoutElement[] {
  try {
    return plan === undefined ? markedElements(rules, key) : plannedElements(rules, plan);
  } catch (error) {
    // Of a plan that cannot be compiled hardly anything ever came to be: what did bears marks.
    if (error instanceof CniError) return markedElements(rules, key);
    throw error;
  }
}

/** Of the planned elements those that are there and ours: another endpoint may have taken the port since. */
function plannedElements(rules: Netlink, plan: Plan): readonly LayoutElement[] {
  const wanted = endpointElements(plan);
  const shared = wanted.filter(({ set }) => !isOfPort(set));
  const outcomes = rules.requests(shared.map(encodeGet));
  const held = shared.filter(
    (element, i) => markedKey(findElement(element, outcomes[i])?.comment) === plan.key,
  );
  return [...held, ...wanted.filter(({ set }) => isOfPort(set))];
}

function markedElements(rules: Netlink, key: string): readonly LayoutElement[] {
  return endpointSetNames
    .flatMap((set) => dumpElements(rules, set))
    .filter((element) => markedKey(element.comment) === key);
}

/**
 * What ACLs remember of a port makes room for others: rules put it there, so it bears no mark but the port's number. It
 * goes by itself, too: what expires in the meantime fails its transaction, and a busy port's may time after time.
 */
function forgetKnownFlows(rules: Netlink, port: number): void {
  for (const set of stateSetNames) {
    try {
      deleteElements(
        rules,
        dumpElements(rules, set).filter(({ key }) => key[0] === port),
      );
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
}

/** By which a port that is gone is known. */
export function portElements(rules: Netlink): readonly LayoutElement[] {
  return (["dropped_astray", "guarded", "judged"] as const).flatMap((set) => dumpElements(rules, set));
}

/** Of all endpoints. */
export function publishedElements(rules: Netlink): readonly LayoutElement[] {
  return published.flatMap((set) => dumpElements(rules, set));
}

function dumpElements(rules: Netlink, set: LayoutSetName): readonly LayoutElement[] {
  try {
    return decodeElements(set, rules.request(dumpSet(set)));
  } catch (error) {
    // No table, no elements.
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/**
 * Two may delete at once: what is gone by then makes the whole transaction fail, so look again.
 *
 * @param judged port whose ACLs go, too
 */
function deleteElements(rules: Netlink, elements: readonly LayoutElement[], judged?: string): void {
  let left = elements;
  for (let attempt = 0; ; attempt++) {
    const acls = judged === undefined ? [] : aclParts(rules, judged);
    const requests = [...encodeDelete(left), ...deletePortAcls(acls)];
    if (requests.length === 0) return;
    try {
      rules.transaction(requests);
      return;
    } catch (error) {
      if (!isErrno(error, "ENOENT") || attempt === 3) throw error;
      const outcomes = rules.requests(left.map(encodeGet));
      left = left.filter((element, i) => findElement(element, outcomes[i]) !== undefined);
    }
  }
}

/** Data of a published element: address and port of the container. */
function flowsOf(elements: readonly LayoutElement[]): FlowPattern | undefined {
  const stateless = elements.filter(({ set, key }) => published.includes(set) && !key.includes("tcp"));
  if (stateless.length === 0) return undefined;
  return {
    protocols: ["udp", "sctp"],
    hostPorts: stateless.map(({ key }) => Number(key.at(-1))),
    addresses: stateless.map(({ data }) => String(data?.[0]) as Ip),
  };
}

/**
 * Removes a network's switch and elements; the tables too when that was the last network.
 *
 * @param definition absent where its state was lost
 * @returns false when the switch has ports left, or is not ours
 */
export function removeSwitch(
  machine: Machine,
  { network, name, definition }: { network: string; name: string; definition?: Switch },
): boolean {
  const { host, rules } = machine;
  const link = linkOf(host, name);
  if (link !== undefined && !isSwitchOf(link, network)) return false;
  const tunnels = tunnelsOf(link, definition);
  if (link !== undefined) {
    const ports = host.request(dumpLinks({ master: link.index })).map(decodeLink);
    const tunnel = tunnels?.tunnelOf(host, network);
    if (ports.some((port) => port.index !== tunnel?.index)) return false;
  }
  const defined = definition !== undefined && isOverlay(definition) ? definition.vni : undefined;
  tunnels?.removeTunnel(host, network, parseOverlayAlias(link?.alias)?.vni ?? defined);
  if (link !== undefined) {
    if (parseRoutedAlias(link.alias) !== undefined) releaseRouted(machine, link);
    gone(host, deleteLink(link.index));
  }
  removeSwitchElements(rules, network);
  return true;
}

/**
 * An overlay network's bridge says so; one that an ADD was killed over says nothing, and may be any. What is left of a
 * network without its bridge only its definition tells.
 */
function tunnelsOf(
  link: Link | undefined,
  definition: Switch | undefined,
): typeof import("./overlay/remove.ts") | undefined {
  const may =
    link?.alias === undefined
      ? definition === undefined || isOverlay(definition)
      : parseOverlayAlias(link.alias) !== undefined;
  return may ? (require("./overlay/remove.ts") as typeof import("./overlay/remove.ts")) : undefined;
}

/** The tables too when that was the last network. */
export function removeSwitchElements(rules: Netlink, network: string): void {
  if (ourTables(rules).length === 0) return;
  const all = networkSetNames.flatMap((set) => dumpElements(rules, set));
  const own = all.filter((element) => markedNetwork(element.comment) === networkMark(network));
  deleteElements(rules, own);
  const rest = own.length < all.length ? all : endpointSetNames.flatMap((set) => dumpElements(rules, set));
  if (rest.length === 0) dropTables(rules);
}

/** Both or none: one without the other would be damage. */
function dropTables(rules: Netlink): void {
  try {
    rules.transaction(ourTables(rules).map(deleteTable));
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/** A table of that name that is somebody else's, or of a newer version, holds nothing that we could read. */
function ourTables(rules: Netlink): readonly TableName[] {
  return readableTables(rules.requests(getTables()));
}

/** Bears our mark; or none yet and the MAC that only our bridge has: its ADD was killed in between. */
export function isSwitchOf(link: Link, network: string): boolean {
  if (link.kind !== "bridge") return false;
  if (link.alias === undefined) return link.mac === switchMac(network);
  return markedNetwork(link.alias) === networkMark(network);
}

/** A tap may have any name; without a plan it is looked for by its mark. */
export function portOf(host: Netlink, key: string, plan: Plan | undefined): Link | undefined {
  const named = linkOf(host, plan?.port.name ?? portName(key));
  if (named !== undefined && isPortOf(named, key)) return named;
  return plan === undefined || portTap(plan) !== undefined ? findTap(host, key, undefined) : undefined;
}

/** The same for a port. */
function isPortOf(link: Link, key: string): boolean {
  if (link.kind === "tun") return isTapOf(link, key);
  if (link.kind !== "veth") return false;
  return link.alias === undefined ? link.mac === portMac(key) : markedKey(link.alias) === key;
}
