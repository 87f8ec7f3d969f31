/** A host with a switch that DHCP servers and vNICs without an address are at, and the client in this process. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Mac, mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { clientId } from "../../lib/dhcp/client-id.ts";
import type { Lease4 } from "../../lib/dhcp/lease.ts";
import { type LeaseRequest, obtainLease } from "../../lib/dhcp/obtain-lease.ts";
import type { DhcpSocket } from "../../lib/dhcp/socket.ts";
import { openDhcpSocket } from "../../lib/linux/dhcp/open-dhcp-socket.ts";
import { openCompartment } from "../../lib/linux/netns.ts";
import { ownerKey } from "../../lib/model/owner.ts";
import { readBootId } from "../../lib/state/boot-id.ts";
import type { DhcpRow } from "../../lib/state/rows.ts";
import { openStore, type Store } from "../../lib/state/store.ts";
import type { Child } from "./child.ts";
import { createHost, type Host } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { binDir, whyNoNat } from "./nat-lab.ts";
import { toolPath } from "./run-program.ts";

export interface DhcpLab extends AsyncDisposable {
  readonly host: Host;
  readonly dataDir: string;
  /** A machine at the switch with these addresses, one that serves. */
  machine(label: string, ...addresses: readonly string[]): Promise<Namespace>;
  /** A compartment whose eth0 is at the switch, up and without an address. */
  client(id: string): Promise<Client>;
  /** dnsmasq in the foreground, with its log as lines. */
  dnsmasq(at: Namespace, ...words: readonly string[]): Promise<Child>;
  /** udhcpd, whose leases may be of seconds. */
  udhcpd(at: Namespace, ...lines: readonly string[]): Promise<Child>;
  /** What the last dnsmasq that was started there remembers. */
  leases(at: Namespace): string;
  /** `vswitch agent` with the state of the lab. */
  agent(): Promise<Child>;
  store(): Store;
}

export interface Client {
  readonly id: string;
  readonly ns: Namespace;
  readonly mac: Mac;
  readonly key: string;
  readonly socket: DhcpSocket;
  obtain(over?: Partial<LeaseRequest>): Lease4;
  /** Gives the interface its address and writes the state, as ADD does. */
  settle(lease: Lease4): Promise<void>;
  row(lease: Lease4): DhcpRow;
  /** What rows of every kind say of it. */
  endpoint(): Omit<DhcpRow, "family" | "lease" | "clientId">;
  /** IPv4 addresses of eth0. */
  addresses(): Promise<readonly string[]>;
}

/** Says why these tests cannot run here, or undefined when they can. */
export function whyNoDhcp(): string | undefined {
  const lacking = ["dnsmasq", "udhcpd"].find((tool) => Bun.which(tool, { PATH: toolPath }) === null);
  return lacking === undefined ? whyNoNat() : `the program ${lacking} is not installed`;
}

const uplinkName = "lan0";

export async function createDhcpLab(): Promise<DhcpLab> {
  const host = await createHost({ uplink: false });
  const dataDir = join(host.dir, "state");
  const open: { close(): void }[] = [];
  await host.exec(host.ns, "ip", "link", "add", uplinkName, "type", "bridge");
  await host.exec(host.ns, "ip", "link", "set", uplinkName, "up");
  let made = 0;
  const plug = async (ns: Namespace): Promise<void> => {
    const port = `p${++made}`;
    const script = `ip link add ${port} type veth peer name eth0 netns "$1"
      ip link set ${port} master ${uplinkName} up; ip -n "$1" link set eth0 up`;
    await host.exec(host.ns, "sh", "-ec", script, "sh", ns.name);
  };
  const folderOf = (at: Namespace, file: string) => fileOf(host, at, file);
  return {
    host,
    dataDir,
    async machine(label, ...addresses) {
      const ns = await host.compartment(label);
      await plug(ns);
      for (const one of addresses) await host.exec(ns, "ip", "address", "add", one, "dev", "eth0", "nodad");
      return ns;
    },
    async client(id) {
      const ns = await host.compartment(id);
      await plug(ns);
      const made = await clientAt(host, ns, id, dataDir);
      open.push(made.socket);
      return made;
    },
    dnsmasq: (at, ...words) => startDnsmasq(host, at, ...words),
    async udhcpd(at, ...lines) {
      const file = folderOf(at, "conf");
      const leases = folderOf(at, "udhcpd-leases");
      writeFileSync(leases, "");
      writeFileSync(
        file,
        ["interface eth0", `lease_file ${leases}`, `pidfile ${folderOf(at, "pid")}`, ...lines, ""].join("\n"),
      );
      // Its ARP before an offer takes up to 2 s otherwise.
      const child = host.start(at, ["udhcpd", "-f", "-a", "1", file]);
      await child.line((line) => line.includes("started"), "its start");
      return child;
    },
    leases: (at) => leasesAt(host, at),
    async agent() {
      const child = host.start(host.ns, [join(binDir, "vswitch"), "agent"], { VSWITCH_DATA_DIR: dataDir });
      await child.line((line) => line.includes("watching"), "its start");
      return child;
    },
    store: () => storeOf(dataDir),
    async [Symbol.asyncDispose]() {
      for (const one of open) one.close();
      await host.close();
    },
  };
}

const fileOf = (host: Host, at: Namespace, file: string): string => join(host.dir, `${at.name}-${file}`);

/** dnsmasq in the foreground, on eth0 of a namespace, with its log as lines. */
export async function startDnsmasq(host: Host, at: Namespace, ...words: readonly string[]): Promise<Child> {
  const own = [
    "--conf-file=/dev/null --no-daemon --port=0 --interface=eth0 --bind-interfaces --no-ping",
    "--dhcp-authoritative --log-dhcp --user=root --pid-file --log-facility=-",
    `--dhcp-leasefile=${fileOf(host, at, "leases")}`,
  ];
  const child = host.start(at, ["dnsmasq", ...own.join(" ").split(" "), ...words]);
  await child.line((line) => /dnsmasq-dhcp.*(sockets bound|advertisement enabled)/.test(line), "its start");
  return child;
}

/** What the last dnsmasq that was started there remembers. */
export const leasesAt = (host: Host, at: Namespace): string =>
  readFileSync(fileOf(host, at, "leases"), "utf8");

function storeOf(dataDir: string): Store {
  return openStore({ dataDir, bootId: readBootId(), now: Date.now, warn: () => undefined });
}

async function clientAt(host: Host, ns: Namespace, id: string, dataDir: string): Promise<Client> {
  const owner = { network: "lan", containerId: id, ifname: "eth0" };
  const key = ownerKey(owner);
  const shown = await host.exec(ns, "ip", "-j", "link", "show", "eth0");
  const [{ ifindex, address }] = JSON.parse(shown) as [{ ifindex: number; address: string }];
  const compartment = openCompartment(ns.path);
  const socket = openDhcpSocket(compartment, ifindex);
  compartment.close();
  const who = { mac: mac(address), clientId: clientId(key), random: Math.random };
  const known = { ...owner, key, netns: ns.path, device: uplinkName, mac: who.mac, bootId: readBootId() };
  const row = (lease: Lease4): DhcpRow => ({ ...known, clientId: who.clientId, family: 4, lease });
  return {
    id,
    ns,
    key,
    mac: who.mac,
    socket,
    row,
    endpoint: () => known,
    obtain: (over = {}) => obtainLease(socket, { ...who, link: "eth0", now: Date.now, ...over }),
    async settle(lease) {
      await host.exec(ns, "ip", "address", "add", lease.address, "dev", "eth0");
      for (const { destination, gateway } of lease.routes) {
        const way = gateway === undefined ? [] : ["via", gateway];
        const as = ["dev", "eth0", "proto", "118"];
        await host.exec(ns, "ip", "route", "add", destination, ...way, ...as);
      }
      const store = storeOf(dataDir);
      const endpoint = { ...owner, key, netns: ns.path, phase: "ready", plan: null } as const;
      store.transaction(() => {
        store.endpoints.put({ ...endpoint, bootId: readBootId(), createdMs: Date.now() });
        store.dhcp.put(row(lease));
      });
      store.close();
    },
    async addresses() {
      const text = await host.exec(ns, "ip", "-j", "-4", "address", "show", "dev", "eth0");
      const [shown] = JSON.parse(text) as [{ addr_info: { local: string; prefixlen: number }[] }?];
      return (shown?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
    },
  };
}

export const addressOf = ({ address }: Lease4): string => prefixAddress(address);
