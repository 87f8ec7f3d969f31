/** A host with a routed network on a LAN, strict about where packets come from. */

import { join } from "node:path";
import type { JsonObject } from "../../lib/cni/read.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import type { Namespace } from "./namespaces.ts";
import { binDir, type NatLab } from "./nat-lab.ts";
import { runPlugin } from "./plugin.ts";

export const routed = lanWith({ switch: "routed" });

/** Forwarding is on already, since nobody ever turns it off again. */
export async function createRoutedLab(settings: JsonObject = {}): Promise<NatLab> {
  const lab = await createLanLab({ config: { ...routed, ...settings } });
  await beStrict(lab, lab.host.ns);
  return lab;
}

async function beStrict({ host }: NatLab, ns: Namespace): Promise<void> {
  const strict = "net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1";
  await host.exec(
    ns,
    "sysctl",
    "-qw",
    ...strict.split(" "),
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
  );
}

/** MAC of an interface. */
export async function macOf({ host }: NatLab, ns: Namespace, device = "eth0"): Promise<string> {
  const links = JSON.parse(await host.exec(ns, "ip", "-j", "link", "show", "dev", device)) as {
    address: string;
  }[];
  return links[0]?.address ?? "";
}

export interface Neighbour {
  readonly ns: Namespace;
  readonly ip4: string;
  readonly ip6: string;
}

/** Another machine on the LAN: the one beyond the uplink becomes a switch between the two, and stays a machine. */
export async function joinLan(lab: NatLab, last: number): Promise<Neighbour> {
  const { host } = lab;
  const ns = await host.compartment("machine");
  const [ip4, ip6] = [`192.0.2.${last}`, `2001:db8::${last}`];
  const script = `
    if ! ip link show lan 2>/dev/null; then
      ip link add lan type bridge; ip link set lan addrgenmode none up
      ip link set eth0 master lan
      for address in 192.0.2.2/24 "2001:db8::2/64 nodad" "fe80::2/64 nodad"; do
        ip address delete \${address% *} dev eth0; ip address add $address dev lan
      done
    fi
    ip link add m${last} master lan up type veth peer name eth0 netns "$1"
    ip link set m${last} addrgenmode none
    ip -n "$1" link set eth0 addrgenmode none up
    ip -n "$1" address add ${ip4}/24 dev eth0
    ip -n "$1" address add ${ip6}/64 dev eth0 nodad
    ip -n "$1" address add fe80::${last}/64 dev eth0 nodad`;
  await host.exec(host.outside, "sh", "-ec", script, "sh", ns.name);
  return { ns, ip4, ip6 };
}

/** A container on another host of the LAN, with an address of its own. */
export async function addOn(lab: NatLab, { ns }: Neighbour, id: string, last: number): Promise<Neighbour> {
  const { host } = lab;
  await beStrict(lab, ns);
  const compartment = await host.compartment(id);
  const [ip4, ip6] = [`192.0.2.${last}`, `2001:db8::${last}`];
  const ranges = [
    [{ subnet: "192.0.2.0/24", rangeStart: ip4, rangeEnd: ip4, gateway: "192.0.2.2" }],
    [{ subnet: "2001:db8::/64", rangeStart: ip6, rangeEnd: ip6, gateway: "2001:db8::2" }],
  ];
  const outcome = await runPlugin(ns, join(binDir, "transparent"), {
    verb: "ADD",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_CONTAINERID: id,
      CNI_NETNS: compartment.path,
      CNI_IFNAME: "eth0",
      CNI_PATH: binDir,
      VSWITCH_DATA_DIR: join(host.dir, ns.name),
    },
    stdin: {
      cniVersion: "1.1.0",
      name: "transparent",
      type: "transparent",
      switch: "routed",
      uplink: "eth0",
      ipam: { ranges },
    },
  });
  if (outcome.exitCode !== 0) throw new Error(`ADD ${id}: ${outcome.stdout}${outcome.stderr}`);
  return { ns: compartment, ip4, ip6 };
}
