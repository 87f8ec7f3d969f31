/**
 * Whether somebody on the wire has an address already, before it is taken (RFC 5227 2.1, RFC 4862 5.4).
 *
 * Where the vNIC does not reach the wire itself, the host asks in its own name.
 *
 * The kernel asks, as it asks for any neighbour, and we look at what it has learnt. A packet socket could do the same,
 * but closing one costs every ADD a wait of 10 ms. IPv4 asks without a sender, as RFC 5227 wants it, unless the
 * compartment has an address on another interface: then in the name of that.
 */
import { type Ip, ipFamily } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeAddress, dumpAddresses } from "../netlink/route/address.ts";
import {
  decodeNeighbour,
  deleteNeighbour,
  getNeighbour,
  type Neighbour,
  type NeighbourState,
  solicitNeighbour,
} from "../netlink/route/neighbour.ts";
import { isErrno } from "../os/error.ts";

/** How often the kernel is asked what it knows. */
const pollMs = 0.5;
/** How long the link-local address, in whose name IPv6 asks, may take to be ready. */
const linkLocalMs = 200;
/** What an answer makes of an entry. */
const answered: readonly NeighbourState[] = ["reachable", "stale", "delay", "probe"];

/**
 * The link is up and has none of the addresses.
 *
 * @param waitMs how long an answer may take, of all addresses together
 * @throws {CniError} 103 with the MAC of who has it
 */
export function probeAddresses(
  inside: Netlink,
  index: number,
  addresses: readonly Ip[],
  waitMs: number,
): void {
  if (addresses.some((address) => ipFamily(address) === 6)) awaitLinkLocal(inside, index);
  for (const address of addresses) inside.request(solicitNeighbour(index, address));
  const deadline = performance.now() + waitMs;
  do {
    pause(pollMs);
    for (const address of addresses) {
      const holder = holderOf(inside, index, address);
      if (holder !== undefined) throw taken(address, holder);
    }
  } while (performance.now() < deadline);
  for (const address of addresses) forget(inside, index, address);
}

/**
 * What a host heard long ago is no answer. Whom its operator has written down stays, and counts as the holder.
 *
 * @param index of a link whose neighbours others have talked to before
 */
export function forgetNeighbours(netlink: Netlink, index: number, addresses: readonly Ip[]): void {
  for (const address of addresses) {
    const known = neighbourOf(netlink, index, address);
    if (known?.state === "permanent" && known.mac !== undefined) throw taken(address, known.mac);
    if (known !== undefined) forget(netlink, index, address);
  }
}

function holderOf(inside: Netlink, index: number, address: Ip): Mac | undefined {
  const known = neighbourOf(inside, index, address);
  return known !== undefined && answered.includes(known.state) ? known.mac : undefined;
}

function neighbourOf(inside: Netlink, index: number, address: Ip): Neighbour | undefined {
  try {
    const [reply] = inside.request(getNeighbour(index, address));
    return reply === undefined ? undefined : decodeNeighbour(reply);
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

/** Without one the kernel asks for nobody. */
function awaitLinkLocal(inside: Netlink, index: number): void {
  const deadline = performance.now() + linkLocalMs;
  for (;;) {
    const found = inside.request(dumpAddresses({ family: 6, index })).map(decodeAddress);
    const ready = found.some(
      (one) => one.index === index && !one.tentative && prefixAddress(one.address).startsWith("fe80:"),
    );
    if (ready || performance.now() > deadline) return;
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
