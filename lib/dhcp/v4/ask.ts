/** What a DHCPv4 client says (RFC 2131 4.4.1, table 5). */
import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { type Exchange, elapsedSeconds } from "../exchange.ts";
import type { Lease4 } from "../lease.ts";
import { type Message4, messageType, noAddress } from "./message.ts";
import { type Options, optionCodes } from "./options.ts";
import type { Client4, Outgoing4 } from "./state.ts";

/** RFC 3442: classless routes stand before the router, which they take the place of. */
const wanted = optionCodes(
  "subnetMask",
  "routes",
  "routers",
  "dns",
  "domain",
  "search",
  "mtu",
  "broadcast",
  "leaseSeconds",
  "renewSeconds",
  "rebindSeconds",
);

/** What fits a frame of 1500 bytes, with headers. */
const MAX_BYTES = 1472;

/**
 * Answers reach a packet socket by its MAC before the link has an address, so they need not go to all. A server or
 * relay that cannot do that gets the flag after some silence.
 */
const askedInVain = 2;

type Asking = Pick<Client4, "mac" | "clientId" | "hostname">;

export function discover(client: Asking, exchange: Exchange, nowMs: number, requested?: Ip): Outgoing4 {
  const options = { ...asking(client, "discover"), ...(requested && { requested }) };
  return { source: noAddress, message: messageOf(client, exchange, nowMs, options) };
}

/** SELECTING, or INIT-REBOOT without a server. */
export function request(
  client: Asking,
  exchange: Exchange,
  nowMs: number,
  requested: Ip,
  server?: Ip,
): Outgoing4 {
  const options = { ...asking(client, "request"), requested, ...(server && { server }) };
  return { source: noAddress, message: messageOf(client, exchange, nowMs, options) };
}

/** RENEWING asks the server itself, REBINDING all. */
export function renew(
  client: Asking,
  exchange: Exchange,
  nowMs: number,
  lease: Lease4,
  whom: "server" | "all",
): Outgoing4 {
  const ciaddr = prefixAddress(lease.address);
  const message = { ...messageOf(client, exchange, nowMs, asking(client, "request")), ciaddr };
  const to = { ip: lease.server, mac: lease.serverMac };
  // The address is in use: an answer to it arrives.
  return { source: ciaddr, message: { ...message, broadcast: false }, ...(whom === "server" && { to }) };
}

export function release(client: Asking & Pick<Client4, "random">, lease: Lease4): Outgoing4 {
  const ciaddr = prefixAddress(lease.address);
  const options = { type: messageType.release, clientId: client.clientId, server: lease.server };
  return {
    source: ciaddr,
    message: { ...bare(client, randomXid(client)), ciaddr, options },
    to: { ip: lease.server, mac: lease.serverMac },
  };
}

export function decline(client: Asking & Pick<Client4, "random">, lease: Lease4): Outgoing4 {
  const requested = prefixAddress(lease.address);
  const { server } = lease;
  const options = { type: messageType.decline, clientId: client.clientId, requested, server };
  return { source: noAddress, message: { ...bare(client, randomXid(client)), options } };
}

const randomXid = ({ random }: Pick<Client4, "random">): number => Math.floor(random() * 2 ** 32);

function asking({ clientId, hostname }: Asking, type: "discover" | "request"): Options {
  const common = { type: messageType[type], clientId, maxBytes: MAX_BYTES, parameters: wanted };
  return { ...common, ...(hostname !== undefined && { hostname }) };
}

function messageOf(client: Asking, exchange: Exchange, nowMs: number, options: Options): Message4 {
  const secs = elapsedSeconds(exchange, nowMs);
  return { ...bare(client, exchange.xid), secs, broadcast: exchange.asked >= askedInVain, options };
}

function bare({ mac }: Asking, xid: number): Message4 {
  return {
    op: "request",
    xid,
    secs: 0,
    broadcast: false,
    ciaddr: noAddress,
    yiaddr: noAddress,
    siaddr: noAddress,
    giaddr: noAddress,
    chaddr: mac,
    options: {},
  };
}
