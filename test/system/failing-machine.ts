/** The kernel of this machine, save that one of the things asked of it fails. */
import type { Machine } from "../../lib/linux/machine.ts";
import { thisMachine } from "../../lib/linux/machine.ts";
import type { Netlink } from "../../lib/netlink/connection.ts";
import { NetlinkError } from "../../lib/netlink/error.ts";
import type { Request } from "../../lib/netlink/message.ts";
import { errno } from "../../lib/os/errno.ts";
import { SystemCallError } from "../../lib/os/error.ts";

export interface FailingMachine extends Machine {
  /** What failed; undefined when fewer things were asked for. */
  failed(): string | undefined;
}

/**
 * @param at the first thing asked is 1. Netlink requests count one by one, in a batch too: there the others still
 *   take effect, as the kernel does it. An nftables transaction counts as one.
 * @param counted what counts; default: everything
 */
export function failingMachine(at: number, counted = /^/): FailingMachine {
  const machine = thisMachine();
  const seen: { count: number; failed?: string } = { count: 0 };
  /** Whether it is the turn of this one. */
  const hit = (what: string): boolean => {
    if (!counted.test(what)) return false;
    seen.count++;
    if (seen.count !== at) return false;
    seen.failed = what;
    return true;
  };
  const call = (what: string): void => {
    if (hit(what)) throw new SystemCallError(what, errno.ENOMEM);
  };
  const wrap = (netlink: Netlink) => failingNetlink(netlink, hit);
  return {
    get host() {
      return wrap(machine.host);
    },
    get rules() {
      return wrap(machine.rules);
    },
    openCompartment(path, options) {
      call(`open ${path}`);
      const handle = machine.openCompartment(path, options);
      return { ...handle, netlink: wrap(handle.netlink) };
    },
    inCompartment: machine.inCompartment,
    stillThere: machine.stillThere,
    readSysctl(key) {
      call(`read net.${key.join(".")}`);
      return machine.readSysctl(key);
    },
    writeSysctl(key, value) {
      call(`write net.${key.join(".")}`);
      return machine.writeSysctl(key, value);
    },
    lockDescriptor(fd, path, timeoutMs) {
      call(`lock ${path}`);
      machine.lockDescriptor(fd, path, timeoutMs);
    },
    createTap(tap) {
      call(`tap ${tap.name}`);
      machine.createTap(tap);
    },
    setTxChecksum(name, on) {
      call(`checksums of ${name}`);
      machine.setTxChecksum(name, on);
    },
    announceOnWire(index, mac, addresses) {
      call(`announce ${addresses.join(" ")}`);
      machine.announceOnWire(index, mac, addresses);
    },
    close: () => machine.close(),
    failed: () => seen.failed,
  };
}

function failingNetlink(netlink: Netlink, hit: (what: string) => boolean): Netlink {
  const failure = (what: string) => new NetlinkError(what, 0, { errno: errno.ENOMEM });
  return {
    request(request) {
      if (hit(request.title)) throw failure(request.title);
      return netlink.request(request);
    },
    requests(requests) {
      const refused = new Map<Request, NetlinkError>();
      for (const request of requests) if (hit(request.title)) refused.set(request, failure(request.title));
      const outcomes = netlink.requests(requests.filter((request) => !refused.has(request)));
      let next = 0;
      return requests.map((request) => refused.get(request) ?? outcomes[next++] ?? []);
    },
    together(requests) {
      // One that the kernel refuses does nothing, and those behind it are done.
      const refused = new Map<Request, NetlinkError>();
      for (const request of requests) if (hit(request.title)) refused.set(request, failure(request.title));
      const outcomes = netlink.together(requests.filter((request) => !refused.has(request)));
      let next = 0;
      return requests.map((request) => refused.get(request) ?? outcomes[next++]);
    },
    transaction(requests) {
      const what = `transaction from ${requests[0]?.title}`;
      if (requests.length > 0 && hit(what)) throw failure(what);
      netlink.transaction(requests);
    },
    close: () => netlink.close(),
  };
}
