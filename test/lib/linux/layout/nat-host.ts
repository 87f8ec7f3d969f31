/** A host with a bridge of a network, two containers on it, and our table: what a nat network comes down to. */
import { baseTable } from "../../../../lib/linux/layout/base-table.ts";
import type { LayoutElement } from "../../../../lib/linux/layout/element.ts";
import { encodeAdd } from "../../../../lib/linux/layout/element-requests.ts";
import type { Netlink } from "../../../../lib/netlink/connection.ts";
import { createHost, type Host } from "../../../system/host.ts";
import type { Namespace } from "../../../system/namespaces.ts";
import { netfilterIn } from "./netfilter-in.ts";

export interface NatHost extends AsyncDisposable {
  readonly host: Host;
  readonly a: Namespace;
  readonly b: Namespace;
  readonly rules: Netlink;
}

/** Addresses on the bridge `vs0`. */
export const net = {
  subnet4: "172.30.0.0/24",
  subnet6: "fd00:30::/64",
  gateway4: "172.30.0.1",
  gateway6: "fd00:30::1",
  a4: "172.30.0.2",
  a6: "fd00:30::2",
  b4: "172.30.0.3",
  b6: "fd00:30::3",
} as const;

/** Exists where the kernel can show bridged packets to the rules (br_netfilter). */
export const bridgeNetfilter = "/proc/sys/net/bridge/bridge-nf-call-iptables";

export interface NatHostOptions {
  readonly elements: readonly LayoutElement[];
  /** Bridged packets pass the rules too. Ports need hairpin mode then, or no container reaches what it publishes. */
  readonly bridged: boolean;
}

export async function createNatHost({ elements, bridged }: NatHostOptions): Promise<NatHost> {
  // Without link-local addresses a router cannot ask for the neighbours of packets that it forwards.
  const host = await createHost({ linkLocal: true });
  const rules = netfilterIn(host.ns);
  const dispose = async (): Promise<void> => {
    rules.close();
    await host.close();
  };
  try {
    const [a, b] = [await host.compartment("a"), await host.compartment("b")];
    const script = `
      ip link add vs0 type bridge
      ip link set vs0 addrgenmode none
      ip address add fe80::1/64 dev vs0 nodad
      ip address add ${net.gateway4}/24 dev vs0
      ip address add ${net.gateway6}/64 dev vs0 nodad
      ip link set vs0 up
      sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.vs0.route_localnet=1
      for family in ip ip6; do
        key=/proc/sys/net/bridge/bridge-nf-call-"$family"tables
        [ ! -e $key ] || echo ${bridged ? 1 : 0} > $key
      done
      join() {
        ip link add "port$1" type veth peer name eth0 netns "$2"
        ip link set "port$1" master vs0 up
        bridge link set dev "port$1" hairpin ${bridged ? "on" : "off"}
        ip -n "$2" address add "$3/24" dev eth0
        ip -n "$2" address add "$4/64" dev eth0 nodad
        ip -n "$2" link set eth0 up
        ip -n "$2" route add default via ${net.gateway4}
        ip -n "$2" route add default via ${net.gateway6}
      }
      join 1 ${a.name} ${net.a4} ${net.a6}
      join 2 ${b.name} ${net.b4} ${net.b6}`;
    await host.exec(host.ns, "sh", "-ec", script);
    rules.transaction([...baseTable(), ...encodeAdd(elements)]);
    return { host, a, b, rules, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
