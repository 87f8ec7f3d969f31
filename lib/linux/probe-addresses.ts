/**
 * Whether somebody on the wire has an address already, before it is taken (RFC 5227 2.1, RFC 4862 5.4).
 *
 * Where the vNIC does not reach the wire itself, the host asks in its own name.
 *
 * The kernel asks, as it asks for any neighbour, and we look at what it has learnt. A packet socket could do the same,
 * but closing one costs every ADD a wait of 10 ms. IPv4 asks without a sender, as RFC 5227 wants it, unless the
 * compartment has an address on another interface: then in the name of that.
 */
import { type Ip, ip, ipFamily } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { hostPrefix, prefixAddress } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Netlink } from "../netlink/connection.ts";
import { addAddress, decodeAddress, deleteAddress, dumpAddresses } from "../netlink/route/address.ts";
import {
  decodeNeighbour,
  deleteNeighbour,
  getNeighbour,
  type Neighbour,
  type NeighbourState,
  solicitNeighbour,
} from "../netlink/route/neighbour.ts";
import { addRoute, deleteRoute } from "../netlink/route/route.ts";
import { RT_TABLE_LOCAL } from "../netlink/route/rtmsg.ts";
import { isErrno } from "../os/error.ts";

/** How often the kernel is asked what it knows. */
const pollMs = 0.5;
/** How long the link-local address, in whose name IPv6 asks, may take to be ready. */
const linkLocalMs = 200;
/** Who has answered, and does not any more when he is asked so many times (PROBE_NUM of RFC 5227), has left. */
const silence = { times: 3, leastMs: 100, mostMs: 1000 } as const;
/** Between an answer and the next question. */
const answeredMs = 50;
/** What an answer makes of an entry. */
const answered: readonly NeighbourState[] = ["reachable", "stale", "delay", "probe"];

/**
 * The link is up and has none of the addresses.
 *
 * The vNIC of a compartment that is gone answers until the kernel has taken it apart, which it does in its own time, and
 * nobody can see from outside how far it is. So whoever answers is asked again until he has been silent several times.
 *
 * @param waitMs how long an answer may take, of all addresses together
 * @param leavingMs how long whoever answers may go on before it counts: kernels under load take that long over a compartment.
 *   Where it is 0 the first answer counts
 * @throws {CniError} 103 with the MAC of who has it
 */
export function probeAddresses(
  inside: Netlink,
  index: number,
  addresses: readonly Ip[],
  waitMs: number,
  leavingMs = 1000,
): void {
  if (addresses.some((address) => ipFamily(address) === 6)) awaitLinkLocal(inside, index);
  const patience = performance.now() + leavingMs;
  let holder = answerOf(inside, index, addresses, waitMs);
  if (holder === undefined) return;
  // Somebody is there: an answer may come late.
  const againMs = Math.min(Math.max(waitMs, silence.leastMs), silence.mostMs);
  for (let silent = 0; silent < silence.times; ) {
    if (holder !== undefined) {
      if (performance.now() >= patience) throw taken(holder.address, holder.mac);
      silent = 0;
      pause(answeredMs);
    }
    holder = answerOf(inside, index, addresses, againMs);
    if (holder === undefined) silent++;
  }
}

/** The first of the addresses that is answered for. What was learnt is forgotten: the next asking is a new one. */
function answerOf(
  inside: Netlink,
  index: number,
  addresses: readonly Ip[],
  waitMs: number,
): { readonly address: Ip; readonly mac: Mac } | undefined {
  for (const address of addresses) ask(inside, index, address);
  try {
    const deadline = performance.now() + waitMs;
    do {
      pause(pollMs);
      for (const address of addresses) {
        const { state, mac } = known(inside, index, address) ?? {};
        if (mac !== undefined && state !== undefined && answered.includes(state)) return { address, mac };
      }
    } while (performance.now() < deadline);
    return undefined;
  } finally {
    for (const address of addresses) forget(inside, index, address);
  }
}

function ask(inside: Netlink, index: number, address: Ip): void {
  inside.request(solicitNeighbour(index, address));
  if (known(inside, index, address)?.state !== "noarp") return;
  makeLocalTable(inside);
  forget(inside, index, address);
  inside.request(solicitNeighbour(index, address));
}

/**
 * A compartment whose loopback was never up has no local table. Until it has one the kernel takes every IPv4 address for
 * a broadcast (inet_addr_type in net/ipv4/fib_frontend.c), for which it asks nobody. A table stays when its last route goes.
 */
function makeLocalTable(inside: Netlink): void {
  const any = { dst: hostPrefix(ip("255.255.255.255")), type: "unreachable", table: RT_TABLE_LOCAL } as const;
  inside.request(addRoute(any));
  inside.request(deleteRoute(any));
}

/**
 * What a host heard long ago is no answer. Whom its operator has written down stays, and counts as the holder.
 *
 * @param index of a link whose neighbours others have talked to before
 */
export function forgetNeighbours(netlink: Netlink, index: number, addresses: readonly Ip[]): void {
  for (const address of addresses) {
    const entry = known(netlink, index, address);
    if (entry?.state === "permanent" && entry.mac !== undefined) throw taken(address, entry.mac);
    if (entry !== undefined) forget(netlink, index, address);
  }
}

function known(inside: Netlink, index: number, address: Ip): Neighbour | undefined {
  try {
    return inside.request(getNeighbour(index, address)).map(decodeNeighbour)[0];
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Nobody would ever ask for an address of our own, but it would stand there for a minute. */
function forget(inside: Netlink, index: number, address: Ip): void {
  try {
    inside.request(deleteNeighbour(index, address));
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/**
 * Without one the kernel asks for nobody. Where the link was up before, it is still being asked for: it comes from a MAC
 * that is ours, and is taken unasked, as it is on a link that comes up with the addresses.
 */
function awaitLinkLocal(inside: Netlink, index: number): void {
  const deadline = performance.now() + linkLocalMs;
  for (;;) {
    const found = inside
      .request(dumpAddresses({ family: 6, index }))
      .map(decodeAddress)
      .filter((one) => one.index === index && prefixAddress(one.address).startsWith("fe80:"));
    if (found.some((one) => !one.tentative) || performance.now() > deadline) return;
    for (const { address } of found) {
      inside.request(deleteAddress(index, address));
      inside.request(addAddress({ index, address, noDad: true }));
    }
    pause(pollMs);
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function taken(address: Ip, holder: Mac): CniError {
  return new CniError(errorCode.addressTaken, `address ${address} is in use: ${holder} on the wire has it`, {
    reason: "address-in-use",
    details:
      'give the container another address, take this one out of the range, or turn the question off by "dad": false',
  });
}
