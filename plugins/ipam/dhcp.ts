/** Addresses that a DHCP server on the wire lends: for the same verbs as those of our own ranges. */
import { type Ip, ipFamily } from "../../lib/addr/ip.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import type { DhcpBackend, DhcpLink } from "../../lib/backend.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { folded } from "../../lib/cni/keys.ts";
import type { AddRequest } from "../../lib/cni/request.ts";
import type { Result, ResultRoute } from "../../lib/cni/result.ts";
import { clientId } from "../../lib/dhcp/client-id.ts";
import { forever, type Lease4, type LeaseRoute } from "../../lib/dhcp/lease.ts";
import { type LeaseRequest, obtainLease, releaseLease } from "../../lib/dhcp/obtain-lease.ts";
import { formatOwner } from "../../lib/model/owner.ts";
import { isExternal } from "../../lib/model/switch.ts";
import { isAgentAlive } from "../../lib/state/agent-lock.ts";
import type { DhcpRow, LeaseOwner } from "../../lib/state/rows.ts";
import type { Store } from "../../lib/state/store.ts";
import type { DhcpConfig } from "./config.ts";
import type { IpamContext } from "./context.ts";

/** How long the wire is asked whether somebody has an address that a server lends. */
const probeMs = 20;
/** rtnetlink: on the link itself. */
const scopeLink = 253;

export interface DhcpWish {
  readonly owner: LeaseOwner;
  /** Asked for by the runtime: another one will not do. */
  readonly address: Ip | undefined;
}

/**
 * The vNIC is in the compartment, up.
 *
 * @throws {CniError} 2 where no vNIC can be asked on, 11 no lease in time, 103 the server lends another address than that
 *   asked for
 */
export function dhcpAdd(
  request: AddRequest,
  { hostname, timeoutMs }: DhcpConfig,
  { owner, address }: DhcpWish,
  store: Store,
  context: IpamContext,
): Result {
  const access = context.dhcp;
  if (access === undefined) throw notOnTheWire(owner);
  const link = access.openLink(owner.netns, owner.ifname, 4);
  if (link === undefined) throw noLink(owner);
  const known = store.dhcp.held(owner.key).find(({ family }) => family === 4)?.lease as Lease4 | undefined;
  const name = hostname ?? askedName(request);
  const client: LeaseRequest = {
    mac: link.mac,
    clientId: clientId(owner.key),
    link: `${owner.ifname} of ${formatOwner(owner)}`,
    timeoutMs,
    now: context.now,
    random: Math.random,
    ...(name === undefined ? {} : { hostname: name }),
    ...(known === undefined ? {} : { known: prefixAddress(known.address) }),
    ...(address === undefined ? {} : { requested: address }),
    ...(folded(request.config.raw, "dad") === false
      ? {}
      : { isTaken: (one: Ip) => link.isTaken(one, probeMs) }),
  };
  const lease = obtainLease(link.socket, client);
  if (address !== undefined && prefixAddress(lease.address) !== address) {
    releaseLease(link.socket, lease, client);
    throw anotherLent(address, lease);
  }
  remember(owner, link, lease, client, store);
  if (!isAgentAlive(store.dataDir)) warnOfEnd(owner, lease, context);
  return resultOf(lease);
}

/** What a lost row would cost is an address that stays lent until its time is over. */
function remember(
  owner: LeaseOwner,
  { mac, socket }: DhcpLink,
  lease: Lease4,
  client: LeaseRequest,
  store: Store,
): void {
  const vswitch = store.endpoints.get(owner.key)?.plan?.switch;
  const { hostname } = client;
  try {
    store.dhcp.put({
      ...owner,
      family: 4,
      bootId: store.bootId,
      lease,
      mac,
      clientId: client.clientId,
      device: vswitch !== undefined && isExternal(vswitch) ? vswitch.lower : "",
      ...(hostname === undefined ? {} : { hostname }),
    });
  } catch (error) {
    releaseLease(socket, lease, client);
    throw error;
  }
}

/** Gives back what the attachment has; a server that is not reached learns it when the time is over. */
export function dhcpDel(key: string, store: Store, context: IpamContext): void {
  const held = store.dhcp.held(key);
  for (const row of held) {
    try {
      giveBack(row, context.dhcp);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      context.log.warn(`the DHCP server was not told that ${leasedAddress(row)} is free again: ${why}`);
    }
  }
  if (held.length > 0) store.dhcp.remove(key);
}

/** By the vNIC where it is there still, else by what it hung on: frames of its MAC leave there too. */
function giveBack(row: DhcpRow, access: DhcpBackend | undefined): void {
  if (access === undefined || row.family !== 4) return;
  const socket =
    row.device === "" ? access.openLink(row.netns, row.ifname, 4)?.socket : access.openHost(row.device, 4);
  if (socket !== undefined) releaseLease(socket, row.lease, { ...row, random: Math.random });
}

export const leasedAddress = (row: DhcpRow): Ip =>
  row.family === 4 ? prefixAddress(row.lease.address) : row.lease.address;

/** Nobody renews a lease when the agent is not there, and its address may be somebody else's then. */
function warnOfEnd(
  owner: LeaseOwner,
  { address, expiresMs, obtainedMs }: Lease4,
  context: IpamContext,
): void {
  if (expiresMs === forever) return;
  const seconds = Math.round((expiresMs - obtainedMs) / 1000);
  context.log.warn(
    `the lease of ${address} for ${formatOwner(owner)} ends in ${seconds} s (${new Date(expiresMs).toISOString()}), and nobody renews it: vswitch agent is not running`,
  );
}

function resultOf({ address, gateway, routes, dns }: Lease4): Result {
  const ip = { address, ...(gateway === undefined ? {} : { gateway }) };
  return { interfaces: [], ips: [ip], routes: routes.map(routeOf), dns };
}

function routeOf({ destination: dst, gateway }: LeaseRoute): ResultRoute {
  return gateway === undefined ? { dst, scope: scopeLink } : { dst, gw: gateway };
}

/** What servers enter into their DNS: a name that the runtime gives, or that of the pod. */
function askedName({ args }: AddRequest): string | undefined {
  const name = args.values.get("NERDCTL_CNI_DHCP_HOSTNAME") ?? args.values.get("K8S_POD_NAME");
  return name !== undefined && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name) ? name : undefined;
}

function notOnTheWire(owner: LeaseOwner): CniError {
  return new CniError(
    errorCode.unsupportedField,
    `ipam.source "dhcp" of ${formatOwner(owner)}: on this network there is nobody to ask`,
    {
      reason: "dhcp-unsupported",
      details:
        "containers of a nat network are behind the host: take a transparent network, or ranges of our own",
    },
  );
}

function noLink({ ifname, netns }: LeaseOwner): CniError {
  return new CniError(
    errorCode.dependencyMissing,
    `ask for an address: there is no interface ${ifname} in ${netns}`,
    {
      reason: "link-missing",
      details:
        "an address by DHCP needs an interface that is made before the ipam is called: transparent and the reference macvlan do so, nat does not",
    },
  );
}

function anotherLent(asked: Ip, { address, server }: Lease4): CniError {
  return new CniError(
    errorCode.addressTaken,
    `address ${asked} was asked for, and the DHCP server ${server} lends ${address}`,
    {
      reason: "address-refused",
      details: `reserve it there for the container's MAC, or ask for no IPv${ipFamily(asked)} address`,
    },
  );
}
