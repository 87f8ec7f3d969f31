/** The kernel as steps see it: sockets of the host, of nftables, and of one compartment. */
import { CniError, errorCode } from "../cni/error.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeLink, type Link } from "../netlink/route/decode-link.ts";
import { getLink } from "../netlink/route/link.ts";
import { forgetFlows } from "./flows.ts";
import type { Machine } from "./machine.ts";
import type { CompartmentHandle } from "./netns.ts";
import { forgetNeighbours, probeAddresses } from "./probe-addresses.ts";
import type { World } from "./run.ts";

/** How long the carrier of a new port may take, and how often it is asked for. */
const carrierTimeoutMs = 2000;
const carrierPollMs = 0.2;

/** @param compartment absent for what concerns the host alone */
export function openWorld(machine: Machine, compartment?: CompartmentHandle): World {
  const inside = (): CompartmentHandle => {
    if (compartment === undefined) throw new Error("this world has no compartment");
    return compartment;
  };
  return {
    get host() {
      return machine.host;
    },
    get rules() {
      return machine.rules;
    },
    get compartment() {
      return inside().netlink;
    },
    sysctl(where, key, value, optional) {
      const set = (): void => {
        if (optional && machine.readSysctl(key) === undefined) return;
        machine.writeSysctl(key, value);
      };
      if (where === "host") set();
      else machine.inCompartment(inside(), set);
    },
    linkIndex: (where, name) => {
      const netlink = where === "host" ? machine.host : inside().netlink;
      return requireLink(netlink, name).index;
    },
    createTap(where, tap) {
      const make = (): void => machine.createTap(tap);
      if (where === "host") make();
      else machine.inCompartment(inside(), make);
    },
    setTxChecksum: (name, on) => machine.setTxChecksum(name, on),
    awaitCarrier: (index) => awaitCarrier(machine.host, index),
    probe(where, index, addresses, waitMs) {
      const netlink = where === "host" ? machine.host : inside().netlink;
      if (where === "host") forgetNeighbours(netlink, index, addresses);
      probeAddresses(netlink, index, addresses, waitMs);
    },
    announce(index, addresses) {
      const { mac } = requireLink(machine.host, index);
      if (mac !== undefined) machine.announceOnWire(index, mac, addresses);
    },
    forgetFlows: (flows) => forgetFlows(machine, flows),
  };
}

function requireLink(netlink: Netlink, key: string | number): Link {
  const [reply] = netlink.request(getLink(key));
  if (reply === undefined) throw new Error(`the kernel answered nothing about ${key}`);
  return decodeLink(reply);
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
