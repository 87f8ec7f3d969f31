/**
 * A kernel in memory, at the seam *request -> replies*: it reads the very messages that the real one gets, answers
 * with messages our decoders read, refuses what the real one refuses, and prints itself.
 */
import type { Ip } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { Machine } from "../../lib/linux/machine.ts";
import type { Netlink } from "../../lib/netlink/connection.ts";
import { NetlinkError } from "../../lib/netlink/error.ts";
import type { Reply, Request } from "../../lib/netlink/message.ts";
import { NFNL_SUBSYS_CTNETLINK } from "../../lib/netlink/nfnetlink.ts";
import { type ErrnoName, errno } from "../../lib/os/errno.ts";
import { SystemCallError } from "../../lib/os/error.ts";
import { answerRoute } from "./rtnetlink.ts";
import { answerRules, commit, formatRuleset, newReaders, type Ruleset } from "./ruleset.ts";
import { addLink, formatStack, Refusal, readSetting, type Stack, saveStack, writeSetting } from "./stack.ts";
import { addTap } from "./tap.ts";

export interface FakeKernel extends Machine {
  /** Titles of all that was asked of it and could be refused: requests, and settings that change. */
  readonly log: readonly string[];
  /** Refuses the k-th thing asked from now on, counted from 1, until `to`, which is `k` unless said otherwise. */
  failAt(k: number, name: ErrnoName, to?: number): void;
  /** Does something before the k-th thing asked from now on. */
  at(k: number, run: () => void): void;
  /** Takes back `failAt` and `at`. */
  calm(): void;
  addCompartment(path: string): Netlink;
  removeCompartment(path: string): void;
  hasCompartment(path: string): boolean;
  dump(): string;
  /** Links of the host, each with its number. */
  links(): readonly string[];
  /** @returns puts all that it has back to what it has now, any number of times; the log goes on */
  save(): () => void;
}

export interface FakeHost {
  /** "disabled": there, but off on new links of compartments, as runtimes like it. */
  readonly ipv6?: Stack["ipv6"];
  readonly forwarding?: boolean;
  /** Machines of the LAN that its uplink eth0 leads to, by their addresses; absent: it has no uplink. */
  readonly lan?: ReadonlyMap<Ip, Mac>;
}

export function fakeKernel({ ipv6 = "on", forwarding = false, lan }: FakeHost = {}): FakeKernel {
  const hostIpv6 = ipv6 === "absent" ? "absent" : "on";
  const host = newStack("host", hostIpv6);
  const on = forwarding ? "1" : "0";
  host.sysctls.set("ipv4/ip_forward", on);
  if (ipv6 !== "absent") host.sysctls.set("ipv6/conf/all/forwarding", on);
  if (lan !== undefined) addLink(host, { name: "eth0", up: true, mac: "02:00:00:00:00:10", beyond: lan });
  const stacks = new Map<string, Stack>();
  const open = new Map<number, Stack>();
  /** Who holds a path: a descriptor. */
  const locks = new Map<string, number>();
  const log: string[] = [];
  const readers = newReaders();
  let ruleset: Ruleset = new Map();
  let current = host;
  let nextFd = 100;
  let disturb: (asked: number) => void = () => {};

  const ask = (title: string): void => {
    log.push(title);
    disturb(log.length);
  };
  /** A namespace lives as long as its path, or a descriptor of it. */
  const forget = (stack: Stack): void => {
    if (stacks.get(stack.name) === stack || [...open.values()].includes(stack)) return;
    for (const { peer } of stack.links.values()) peer?.stack.links.delete(peer.index);
  };
  const stackOf = (fd: number): Stack => {
    const stack = open.get(fd);
    if (stack === undefined) throw new Refusal("EBADF");
    return stack;
  };
  const route = (stack: Stack): Netlink =>
    netlink((request) => {
      ask(request.title);
      return answerRoute(request, stack, stackOf);
    });
  return {
    log,
    host: route(host),
    rules: netlink(
      (request) => {
        ask(request.title);
        // No connection is ever tracked.
        return request.type >> 8 === NFNL_SUBSYS_CTNETLINK ? [] : answerRules(request, ruleset);
      },
      (requests) => {
        let next = ruleset;
        const own = new WeakSet();
        for (const request of requests) {
          refusing(request, () => {
            ask(request.title);
            next = commit(request, next, own, readers);
          });
        }
        ruleset = next;
      },
    ),
    failAt(k, name, to = k) {
      const start = log.length;
      disturb = (asked) => {
        if (start + k <= asked && asked <= start + to) throw new Refusal(name);
      };
    },
    at(k, run) {
      const start = log.length;
      disturb = (asked) => {
        if (asked === start + k) run();
      };
    },
    calm() {
      disturb = () => {};
    },
    addCompartment(path) {
      const stack = newStack(path, ipv6);
      stacks.set(path, stack);
      return route(stack);
    },
    removeCompartment(path) {
      const stack = stacks.get(path);
      stacks.delete(path);
      if (stack) forget(stack);
    },
    hasCompartment: (path) => stacks.has(path),
    openCompartment(path) {
      const stack = stacks.get(path);
      if (stack === undefined) throw missing(path);
      const fd = nextFd++;
      open.set(fd, stack);
      const close = (): void => {
        if (locks.get(path) === fd) locks.delete(path);
        open.delete(fd);
        forget(stack);
      };
      return { path, fd, dev: 4n, inode: BigInt(fd), netlink: route(stack), close };
    },
    stillThere: ({ path, inode }) => open.get(Number(inode)) === stacks.get(path),
    inCompartment({ fd }, fn) {
      const home = current;
      current = stackOf(fd);
      try {
        return fn();
      } finally {
        current = home;
      }
    },
    readSysctl: (key) => readSetting(current, key),
    writeSysctl(key, value) {
      const before = readSetting(current, key);
      if (before === undefined) throw ioFailure(`no ${key.join("/")}`);
      if (before === value) return before;
      try {
        ask(`sysctl ${key.join("/")}=${value}`);
      } catch (error) {
        throw ioFailure(String(error));
      }
      writeSetting(current, key, value);
      return before;
    },
    lockDescriptor: (fd, path) => lock(locks, path, fd),
    createTap(tap) {
      try {
        ask(`tuntap add ${tap.name}`);
        addTap(current, tap);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw new SystemCallError(`make the tap ${tap.name}`, errno[error.errnoName]);
      }
    },
    setTxChecksum: (name, on) => ask(`ethtool -K ${name} tx ${on ? "on" : "off"}`),
    announceOnWire: (index, mac, addresses) =>
      ask(`announce ${addresses.join(" ")} at ${mac} on index ${index}`),
    close() {},
    links: () => [...host.links.values()].map(({ index, name }) => `${index} ${name}`),
    dump: () => [...[host, ...stacks.values()].map(formatStack), formatRuleset(ruleset)].join("\n").trimEnd(),
    save() {
      const [paths, rules] = [new Map(stacks), ruleset];
      const restores = [host, ...stacks.values()].map(saveStack);
      return () => {
        if (open.size + locks.size > 0) throw new Error("a compartment is still held");
        stacks.clear();
        for (const [path, stack] of paths) stacks.set(path, stack);
        for (const restore of restores) restore();
        ruleset = rules;
      };
    },
  };
}

function newStack(name: string, ipv6: Stack["ipv6"]): Stack {
  const stack: Stack = {
    ...{ name, links: new Map(), sysctls: new Map(), ipv6 },
    ...{ nowhere: [], nexthops: new Map() },
  };
  addLink(stack, { name: "lo", up: true });
  return stack;
}

function netlink(
  answer: (request: Request) => readonly Reply[],
  transaction: Netlink["transaction"] = () => {
    throw new Error("rtnetlink has no transactions");
  },
): Netlink {
  const request: Netlink["request"] = (one) => refusing(one, () => answer(one));
  const outcome = (one: Request): readonly Reply[] | NetlinkError => {
    try {
      return request(one);
    } catch (error) {
      if (error instanceof NetlinkError) return error;
      throw error;
    }
  };
  const failure = (one: Request): NetlinkError | undefined => {
    const found = outcome(one);
    return found instanceof NetlinkError ? found : undefined;
  };
  return {
    request,
    requests: (all) => all.map(outcome),
    together: (all) => all.map(failure),
    transaction,
    close() {},
  };
}

function refusing<T>(request: Request, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new NetlinkError(request.title, 0, { errno: errno[error.errnoName] });
  }
}

/** Here nobody else lets go of a lock: who waits, waits for ever. */
function lock(locks: Map<string, number>, path: string, fd: number): void {
  if (locks.has(path)) throw new Error(`${path} is locked already`);
  locks.set(path, fd);
}

const missing = (path: string): CniError =>
  new CniError(errorCode.compartmentInvalid, `${path} does not exist`, { reason: "compartment-missing" });
const ioFailure = (text: string): CniError => new CniError(errorCode.ioFailure, text, { reason: "sysctl" });
