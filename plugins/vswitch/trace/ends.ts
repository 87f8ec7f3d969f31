/** Both ends of a traced packet, from the words of the call. Pure. */
import { type Family, type Ip, ip, ipFamily, parseIp } from "../../../lib/addr/ip.ts";
import { contains, prefixAddress } from "../../../lib/addr/prefix.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import { localPrefixes } from "../../../lib/model/path/find.ts";
import { remoteOwner } from "../../../lib/model/path/remote.ts";
import type { TraceStart } from "../../../lib/model/path/start.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { Scene } from "../../../lib/model/scene.ts";
import { isVmPlan } from "../../../lib/model/vm-nic.ts";
import { findEndpoint, findEndpoints, type Named } from "../find-endpoint.ts";
import { UsageError } from "../terminal.ts";

export interface Start {
  readonly start: TraceStart;
  /** In words. */
  readonly name: string;
  /** Absent: the sender's kernel chooses. */
  readonly source?: Ip;
  /** Families in which it can send. */
  readonly families: readonly Family[];
}

export interface Target {
  readonly address: Ip;
  readonly port?: number;
}

const both: readonly Family[] = [4, 6];

/**
 * @param text an endpoint by any of its names, `host`, or an address: of an endpoint, of the host, or from beyond it
 * @throws {UsageError} naming the choices
 */
export function parseStart(text: string, scene: Scene): Start {
  if (text === "host") return { start: { kind: "host" }, name: "the host", families: both };
  const address = parseIp(text);
  if (address === undefined) return fromEndpoint(endpointCalled(text, scene));
  const plan = endpointWith(scene, address);
  if (plan !== undefined) return { ...fromEndpoint(plan), source: address, families: [ipFamily(address)] };
  const end = { source: address, families: [ipFamily(address)] };
  if (localPrefixes(scene).some((prefix) => contains(prefix, address)))
    return { ...end, start: { kind: "host" }, name: "the host" };
  const remote = remoteOwner(scene, address);
  if (remote !== undefined)
    return { ...end, start: { kind: "outside" }, name: `${address}, on ${remote.peer.node}` };
  refuseStranger(scene, address);
  return { ...end, start: { kind: "outside" }, name: `${address}, beyond the host` };
}

/** An address of a network of ours that nobody has is a slip. @throws {UsageError} */
function refuseStranger({ networks, endpoints }: Scene, address: Ip): void {
  const network = networks.find(({ switch: { gateways } }) => gateways.some((one) => contains(one, address)));
  if (network === undefined) return;
  const there = endpoints.map(({ owner }) => owner).filter((owner) => owner.network === network.name);
  const choices = there.length === 0 ? "there are none" : `there are ${there.map(formatOwner).join(", ")}`;
  throw new UsageError(`no endpoint of network ${network.name} has ${address}; ${choices}`);
}

function fromEndpoint(plan: Plan): Start {
  return {
    start: { kind: "endpoint", key: plan.key },
    name: formatOwner(plan.owner),
    families: familiesOf(plan),
  };
}

/**
 * @param peers scenes of other hosts: what no endpoint of this one is called, one of theirs may be
 * @param text `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`, `ENDPOINT` or `ENDPOINT:PORT`
 * @param families of the sender; of an endpoint the first address that the sender can reach by its own is taken
 * @throws {UsageError} naming the choices
 */
export function parseTarget(
  text: string,
  scene: Scene,
  families: readonly Family[],
  peers: readonly Scene[] = [],
): Target {
  const alone = parseIp(text);
  if (alone !== undefined) return { address: alone };
  const [, before = text, digits] = /^(.*):([0-9]+)$/s.exec(text) ?? [];
  const port = digits === undefined ? {} : { port: parsePort(digits) };
  const bracketed = /^\[(.*)\]$/s.exec(before)?.[1];
  const address = parseIp(bracketed ?? before);
  if (address !== undefined) return { address, ...port };
  if (bracketed !== undefined) throw new UsageError(`"${bracketed}" is no IPv6 address`);
  const plan = endpointCalled(before, holderOf(before, [scene, ...peers]) ?? scene);
  const own = plan.vnic.addresses.map(prefixAddress);
  const reached = own.find((one) => families.includes(ipFamily(one))) ?? own[0];
  if (reached === undefined) throw new UsageError(`endpoint "${before}" has no address${ownChoice(plan)}`);
  return { address: reached, ...port };
}

const ownChoice = (plan: Plan): string =>
  isVmPlan(plan) ? " that is known here: its guest gets its addresses itself. Name the address" : "";

/** @throws {UsageError} */
export function parsePort(digits: string): number {
  const port = Number(digits);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new UsageError(`"${digits}" is no port: 1 to 65535`);
}

/** @throws {UsageError} */
export function parseAddress(text: string): Ip {
  if (parseIp(text) === undefined) throw new UsageError(`"${text}" is no IP address`);
  return ip(text);
}

/** The first host with an endpoint of that name. */
const holderOf = (text: string, scenes: readonly Scene[]): Scene | undefined =>
  scenes.find((scene) => isCalled(text, scene));

function isCalled(text: string, scene: Scene): boolean {
  const all = named(scene);
  return (
    findEndpoints(text, all).length > 0 || all.some(({ network, ifname }) => [network, ifname].includes(text))
  );
}

/** By any of its names, or by the part of its owner's name that no other shares. */
function endpointCalled(text: string, scene: Scene): Plan {
  const all = named(scene);
  if (findEndpoints(text, all).length > 0) return findEndpoint(text, all).plan;
  const parts = all.filter(({ network, ifname }) => [network, ifname].includes(text));
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only.plan;
  if (only === undefined) return findEndpoint(text, all).plan;
  throw new UsageError(`"${text}" may be ${parts.map(formatOwner).join(" or ")}: name one of them`);
}

function endpointWith({ endpoints }: Scene, address: Ip): Plan | undefined {
  const holders = endpoints.filter(({ vnic }) => vnic.addresses.map(prefixAddress).includes(address));
  if (holders.length <= 1) return holders[0];
  const choices = holders.map(({ owner }) => formatOwner(owner));
  throw new UsageError(`${address} may be ${choices.join(" or ")}: name one of them`);
}

const familiesOf = ({ vnic }: Plan): readonly Family[] =>
  vnic.addresses.map(prefixAddress).map((address) => ipFamily(address));

type NamedPlan = Named & { readonly plan: Plan };

const named = ({ endpoints }: Scene): readonly NamedPlan[] =>
  endpoints.map((plan) => ({ ...plan.owner, key: plan.key, plan }));
