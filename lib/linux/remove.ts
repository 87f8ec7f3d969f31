/** Taking away what bears a mark. Needs neither compartment nor state; absent is success. */
import type { Ip } from "../addr/ip.ts";
import { type Plan, portMac, portName, switchMac } from "../model/plan.ts";
import type { Netlink } from "../netlink/connection.ts";
import { deleteTable } from "../netlink/nft/table.ts";
import { decodeLink, type Link } from "../netlink/route/decode-link.ts";
import { deleteLink, dumpLinks } from "../netlink/route/link.ts";
import { isErrno } from "../os/error.ts";
import { endpointElements } from "./compile/elements.ts";
import { publishedFlows } from "./compile/flows.ts";
import { forgetFlows } from "./flows.ts";
import { decodeLayoutVersion, getBaseTable } from "./layout/base-table.ts";
import type { LayoutElement } from "./layout/element.ts";
import { decodeElements, dumpSet, encodeDelete, encodeGet, findElement } from "./layout/element-requests.ts";
import { type LayoutSetName, layoutSetNames } from "./layout/sets.ts";
import { LAYOUT_TABLE, LAYOUT_VERSION } from "./layout/table.ts";
import { markedKey, markedNetwork, networkMark } from "./mark.ts";
import { linkOf, type Readers } from "./observe.ts";
import type { FlowPattern } from "./step.ts";

const published = layoutSetNames.filter((name) => name.startsWith("published"));
const ofNetworks = layoutSetNames.filter((name) => !name.startsWith("published"));

/** Published ports first, so that nothing leads to an interface that is going; then the port with its vNIC. */
export function removeEndpoint(machine: Readers, key: string, plan?: Plan): void {
  const { host, rules } = machine;
  const publishes = plan === undefined || plan.port.policies.length > 0;
  const elements = publishes && hasOurTable(rules) ? elementsOf(rules, key, plan) : [];
  deleteElements(rules, elements);
  const link = linkOf(host, portName(key));
  if (link !== undefined && isPortOf(link, key)) gone(host, deleteLink(link.index));
  const flows = plan === undefined ? flowsOf(elements) : publishedFlows(plan);
  if (flows !== undefined) forgetFlows(machine, flows);
}

function elementsOf(rules: Netlink, key: string, plan: Plan | undefined): readonly LayoutElement[] {
  return plan === undefined ? markedElements(rules, key) : plannedElements(rules, plan);
}

/** Of the planned elements those that are there and ours: another endpoint may have taken the port since. */
function plannedElements(rules: Netlink, plan: Plan): readonly LayoutElement[] {
  const wanted = endpointElements(plan.owner, plan.port);
  const outcomes = rules.requests(wanted.map(encodeGet));
  return wanted.filter((element, i) => markedKey(findElement(element, outcomes[i])?.comment) === plan.key);
}

function markedElements(rules: Netlink, key: string): readonly LayoutElement[] {
  return publishedElements(rules).filter((element) => markedKey(element.comment) === key);
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

/** Two may delete at once: what is gone by then makes the whole transaction fail, so look again. */
function deleteElements(rules: Netlink, elements: readonly LayoutElement[]): void {
  let left = elements;
  for (let attempt = 0; left.length > 0; attempt++) {
    try {
      rules.transaction(encodeDelete(left));
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
  const stateless = elements.filter(({ key }) => !key.includes("tcp"));
  if (stateless.length === 0) return undefined;
  return {
    protocols: ["udp", "sctp"],
    hostPorts: stateless.map(({ key }) => Number(key.at(-1))),
    addresses: stateless.map(({ data }) => String(data?.[0]) as Ip),
  };
}

function gone(netlink: Netlink, request: Parameters<Netlink["request"]>[0]): void {
  try {
    netlink.request(request);
  } catch (error) {
    if (!isErrno(error, "ENODEV", "ENOENT", "ESRCH")) throw error;
  }
}

/**
 * Removes a network's switch and elements; the table too when that was the last network.
 *
 * @returns false when the switch has ports left, or is not ours
 */
export function removeSwitch({ host, rules }: Readers, network: string, name: string): boolean {
  const link = linkOf(host, name);
  if (link !== undefined) {
    if (!isSwitchOf(link, network)) return false;
    if (host.request(dumpLinks({ master: link.index })).map(decodeLink).length > 0) return false;
    gone(host, deleteLink(link.index));
  }
  if (!hasOurTable(rules)) return true;
  const all = ofNetworks.flatMap((set) => dumpElements(rules, set));
  const own = all.filter((element) => markedNetwork(element.comment) === networkMark(network));
  deleteElements(rules, own);
  const empty = own.length === all.length && published.every((set) => dumpElements(rules, set).length === 0);
  if (empty) dropTable(rules);
  return true;
}

function dropTable(rules: Netlink): void {
  try {
    rules.transaction([deleteTable(LAYOUT_TABLE)]);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/** A table of that name that is somebody else's, or of another version, holds nothing that we could read. */
function hasOurTable(rules: Netlink): boolean {
  try {
    const [reply] = rules.request(getBaseTable());
    return reply !== undefined && decodeLayoutVersion(reply) === LAYOUT_VERSION;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

/** Bears our mark; or none yet and the MAC that only our bridge has: its ADD was killed in between. */
function isSwitchOf(link: Link, network: string): boolean {
  if (link.kind !== "bridge") return false;
  if (link.alias === undefined) return link.mac === switchMac(network);
  return markedNetwork(link.alias) === networkMark(network);
}

/** The same for a port. */
function isPortOf(link: Link, key: string): boolean {
  if (link.kind !== "veth") return false;
  return link.alias === undefined ? link.mac === portMac(key) : markedKey(link.alias) === key;
}
