/** The kernel as steps see it: sockets of the host, of nftables, and of one compartment. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { connect, type Netlink } from "../netlink/connection.ts";
import { decodeLink } from "../netlink/route/decode-link.ts";
import { getLink } from "../netlink/route/link.ts";
import { announcement } from "./announce.ts";
import { forgetFlows } from "./flows.ts";
import { type CompartmentHandle, inCompartment } from "./netns.ts";
import type { World } from "./run.ts";
import { openNetlink } from "./socket.ts";
import { readSysctl, writeSysctl } from "./sysctl.ts";

/** Sockets of the host, opened at their first use. */
export interface HostSockets {
  readonly host: Netlink;
  readonly rules: Netlink;
  close(): void;
}

export function openHostSockets(trace?: (line: string) => void): HostSockets {
  let host: Netlink | undefined;
  let rules: Netlink | undefined;
  return {
    get host() {
      host ??= connect(openNetlink("route"), trace);
      return host;
    },
    get rules() {
      rules ??= connect(openNetlink("netfilter"), trace);
      return rules;
    },
    close() {
      host?.close();
      rules?.close();
    },
  };
}

/** How long the carrier of a new port may take, and how often it is asked for. */
const carrierTimeoutMs = 2000;
const carrierPollMs = 0.2;

/** @param compartment absent for what concerns the host alone */
export function openWorld(sockets: HostSockets, compartment?: CompartmentHandle): World {
  const inside = (): CompartmentHandle => {
    if (compartment === undefined) throw new Error("this world has no compartment");
    return compartment;
  };
  return {
    get host() {
      return sockets.host;
    },
    get rules() {
      return sockets.rules;
    },
    get compartment() {
      return inside().netlink;
    },
    sysctl(where, key, value, optional) {
      const set = (): void => {
        if (optional && readSysctl(key) === undefined) return;
        writeSysctl(key, value);
      };
      if (where === "host") set();
      else inCompartment(inside(), set);
    },
    linkIndex: (where, name) => {
      const netlink = where === "host" ? sockets.host : inside().netlink;
      return indexIn(netlink, name);
    },
    awaitCarrier: (index) => awaitCarrier(sockets.host, index),
    announce: (index, mac, addresses) => announce(inside(), index, mac, addresses),
    forgetFlows: (flows) => forgetFlows(sockets.rules, flows),
  };
}

function indexIn(netlink: Netlink, name: string): number {
  const [reply] = netlink.request(getLink(name));
  if (reply === undefined) throw new Error(`the kernel answered nothing about ${name}`);
  return decodeLink(reply).index;
}

function announce(compartment: CompartmentHandle, index: number, mac: Mac, addresses: readonly Ip[]): void {
  for (const address of addresses) compartment.packet?.send(index, announcement(address, mac));
}

/** A port comes up by itself, a moment after both its ends are: the kernel tells of it in a queue of its own. */
function awaitCarrier(netlink: Netlink, index: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + carrierTimeoutMs;
  for (;;) {
    const [reply] = netlink.request(getLink(index));
    const link = reply === undefined ? undefined : decodeLink(reply);
    if (link?.operState === "up") return;
    if (performance.now() > deadline) {
      throw new CniError(
        errorCode.kernelRefused,
        `${link?.name ?? "the port"} has no carrier after ${carrierTimeoutMs} ms (state ${link?.operState})`,
        {
          reason: "no-carrier",
          details:
            "something else configures the bridge (with STP a port waits for 30 s) or the compartment's interface",
        },
      );
    }
    Atomics.wait(cell, 0, 0, carrierPollMs);
  }
}
