/** The world of the demo: a host with an uplink to a machine beyond it, and compartments that are still empty. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { Family } from "../../lib/addr/ip.ts";
import { prefix, prefixFamily } from "../../lib/addr/prefix.ts";
import { inCompartment, openCompartment } from "../../lib/linux/netns.ts";
import { openNetlink } from "../../lib/linux/socket.ts";
import { writeSysctl } from "../../lib/linux/sysctl.ts";
import { connect, type Netlink } from "../../lib/netlink/connection.ts";
import { addAddress } from "../../lib/netlink/route/address.ts";
import { decodeLink, type Link } from "../../lib/netlink/route/decode-link.ts";
import { decodeRoute } from "../../lib/netlink/route/decode-route.ts";
import { getLink } from "../../lib/netlink/route/link.ts";
import { dumpRoutes } from "../../lib/netlink/route/route.ts";
import { RT_TABLE_LOCAL } from "../../lib/netlink/route/rtmsg.ts";
import { setLink } from "../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../lib/netlink/route/veth.ts";
import { hidePrograms } from "./programs.ts";

/** A network namespace that acts: the host, a container, the machine beyond. */
export interface Machine {
  readonly name: string;
  /** What a runtime passes as CNI_NETNS. */
  readonly path: string;
  readonly netlink: Netlink;
  /** Runs a synchronous function in there; a socket opened meanwhile stays there. */
  inside<T>(fn: () => T): T;
}

export interface World {
  readonly host: Machine;
  readonly beyond: Machine;
  /** Addresses of the host's uplink and of the machine beyond, by family. */
  readonly uplink: Readonly<Record<Family, { readonly host: string; readonly beyond: string }>>;
  /** What the kernel speaks. */
  readonly families: readonly Family[];
  /** @throws {Error} for a name that no act asked for */
  compartment(name: string): Machine;
}

/** Whether there is any that a plugin could start. */
export type Programs = "hidden" | "there";

/** Of RFC 5737 and RFC 3849: no network of this world leads anywhere else. */
const uplink: World["uplink"] = {
  4: { host: "192.0.2.1", beyond: "192.0.2.2" },
  6: { host: "2001:db8::1", beyond: "2001:db8::2" },
};
const uplinkLength: Readonly<Record<Family, number>> = { 4: 24, 6: 64 };

/**
 * Builds the world in the namespaces of this process. Nothing of it reaches the machine: /run is a file system of its
 * own here, and network namespaces live as long as their entries in it.
 */
export async function createWorld(compartments: readonly string[], programs: Programs): Promise<World> {
  mount("/run");
  mkdirSync("/run/netns");
  const families: readonly Family[] = existsSync("/proc/sys/net/ipv6") ? [4, 6] : [4];
  const netlink = connect(openNetlink("route"));
  const host: Machine = { name: "host", path: "/proc/self/ns/net", netlink, inside: (fn) => fn() };
  const beyond = createMachine("beyond");
  const machines = compartments.map(createMachine);
  startHost(host, families);
  joinUplink(host, beyond, families);
  if (programs === "hidden") hidePrograms(mount);
  await bothReady([host, beyond], families);
  return {
    host,
    beyond,
    uplink,
    families,
    compartment(name) {
      const machine = machines.find((one) => one.name === name);
      if (machine === undefined) throw new Error(`no act asked for a compartment ${name}`);
      return machine;
    },
  };
}

/** A network namespace as runtimes make it: pinned by a file, with nothing but its loopback. */
function createMachine(name: string): Machine {
  const path = `/run/netns/${name}`;
  writeFileSync(path, "");
  run("unshare", `--net=${path}`, "true");
  const compartment = openCompartment(path);
  const { netlink } = compartment;
  netlink.request(setLink("lo", { up: true }));
  return { name, path, netlink, inside: (fn) => inCompartment(compartment, fn) };
}

/** As after installation, whatever this machine's defaults for new namespaces are. */
function startHost({ netlink }: Machine, families: readonly Family[]): void {
  netlink.request(setLink("lo", { up: true }));
  writeSysctl(["ipv4", "ip_forward"], "0");
  if (families.includes(6)) writeSysctl(["ipv6", "conf", "all", "forwarding"], "0");
}

function joinUplink(host: Machine, beyond: Machine, families: readonly Family[]): void {
  const netns = openCompartment(beyond.path);
  host.netlink.request(createVeth({ name: "eth0", peer: { name: "eth0", netnsFd: netns.fd } }));
  netns.close();
  for (const machine of [host, beyond]) {
    // No link-local addresses: they come and go by themselves, and nothing here needs them.
    if (families.includes(6)) machine.netlink.request(setLink("eth0", { addrGenMode: "none" }));
    machine.netlink.request(setLink("eth0", { up: true }));
    const { index } = linkNamed(machine, "eth0");
    for (const family of families) {
      const address = uplink[family][machine === host ? "host" : "beyond"];
      machine.netlink.request(
        addAddress({ index, address: prefix(`${address}/${uplinkLength[family]}`), noDad: family === 6 }),
      );
    }
  }
}

/** A link comes up by itself, a moment after both its ends are; and then the kernel makes the routes to its addresses. */
async function bothReady(machines: readonly Machine[], families: readonly Family[]): Promise<void> {
  const deadline = performance.now() + 5000;
  while (machines.some((machine) => !isReady(machine, families))) {
    if (performance.now() > deadline) throw new Error("the uplink has no carrier after 5 s");
    // It is a matter of milliseconds: too few for a socket that subscribes to the kernel's news of links.
    await Bun.sleep(1);
  }
}

function isReady(machine: Machine, families: readonly Family[]): boolean {
  const { operState, index } = linkNamed(machine, "eth0");
  const routes = machine.netlink.request(dumpRoutes({ table: RT_TABLE_LOCAL })).map(decodeRoute);
  const isLocal = (family: Family): boolean =>
    routes.some(
      (route) => route.index === index && route.type === "local" && prefixFamily(route.dst) === family,
    );
  return operState === "up" && families.every(isLocal);
}

/** @throws {NetlinkError} ENODEV when there is none */
export function linkNamed({ netlink }: Machine, name: string): Link {
  const [reply] = netlink.request(getLink(name));
  if (reply === undefined) throw new Error(`the kernel answered nothing about ${name}`);
  return decodeLink(reply);
}

/** An empty file system that only this process and its children see. */
function mount(folder: string): void {
  run("mount", "-t", "tmpfs", "-o", "mode=755", "demo", folder);
}

function run(program: string, ...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr?.trim() || error?.message}`);
}
