/** Stories of packets, by what they are about. Their approved traces are in test/traces. */
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { ForeignChain, ForeignRule } from "../../../../lib/model/foreign.ts";
import type { SceneInterface } from "../../../../lib/model/scene.ts";
import { IPPROTO, ND } from "../../../../lib/policy/packet.ts";
import { guestStories } from "./guest-stories.ts";
import { lanStories } from "./lan-stories.ts";
import { route } from "./scene.ts";
import { acl, bears, published, type Story, usual } from "./story.ts";

const { endpoints, networks, scene } = usual();
const { web, db } = endpoints;

const links = (change: (link: SceneInterface) => SceneInterface | undefined) => ({
  interfaces: scene.host.interfaces.flatMap((link) => change(link) ?? []),
});
const withLink = (name: string, over: Partial<SceneInterface>) =>
  links((link) => (link.name === name ? { ...link, ...over } : link));
const without = (name: string) => links((link) => (link.name === name ? undefined : link));
const routes = (...more: readonly ReturnType<typeof route>[]) => ({
  routes: [...scene.host.routes, ...more],
});

const rule = (text: string, over: Partial<ForeignRule>): ForeignRule => ({
  text,
  conditions: [],
  verdict: { kind: "accept" },
  ...over,
});
const chain = (table: string, name: string, hook: string, policy: string, ...rules: readonly ForeignRule[]) =>
  ({ table, chain: name, base: { type: "filter", hook, priority: 0, policy }, rules }) as ForeignChain;
const foreign = (...chains: readonly ForeignChain[]) => ({ foreign: chains });
const docker = foreign(
  chain(
    "ip filter",
    "FORWARD",
    "forward",
    "drop",
    rule("jump DOCKER-USER", { verdict: { kind: "jump", chain: "DOCKER-USER" } }),
  ),
  { table: "ip filter", chain: "DOCKER-USER", rules: [] },
);
const judged = { In: "Block", Out: "Allow" } as const;
const https = acl({ protocols: [IPPROTO.tcp], localPorts: [{ first: 443, last: 443 }] });

export const stories: Readonly<Record<string, Readonly<Record<string, Story>>>> = {
  ...guestStories,
  ...lanStories,
  compartment: {
    "its own address stays within the compartment": { from: "web", to: "10.1.0.2" },
    "127.0.0.1 is the container's own, not the host's": { from: "web", to: "tcp 127.0.0.1 80" },
    "what no route leads to is dropped": {
      from: "web",
      to: "192.0.2.99",
      web: { vnic: { routes: [] } },
    },
    "a family of which it has no address is dropped": {
      from: "web",
      to: "fd01::3",
      web: { vnic: { addresses: [prefix("10.1.0.2/24")], routes: [] } },
    },
    "a packet bigger than the vNIC's MTU does not leave": {
      from: "web",
      to: "10.1.0.3",
      packet: { bytes: 1501 },
    },
    "a route of its own may have a smaller MTU": {
      from: "web",
      to: "198.51.100.9",
      packet: { bytes: 1400 },
      web: { vnic: { routes: [{ destination: prefix("0.0.0.0/0"), gateway: ip("10.1.0.1"), mtu: 1300 }] } },
    },
    "an address of the subnet that nobody has is dropped": { from: "web", to: "10.1.0.77" },
    "a gateway that nobody has is dropped": {
      from: "web",
      to: "198.51.100.9",
      web: { vnic: { routes: [{ destination: prefix("0.0.0.0/0"), gateway: ip("10.1.0.99") }] } },
    },
    "the lowest metric of two equal prefixes wins": {
      from: "web",
      to: "198.51.100.9",
      web: {
        vnic: {
          routes: [
            { destination: prefix("0.0.0.0/0"), gateway: ip("10.1.0.3"), priority: 10 },
            { destination: prefix("0.0.0.0/0"), gateway: ip("10.1.0.1"), priority: 5 },
          ],
        },
      },
    },
  },
  port: {
    "a port that is gone": { from: "web", to: "10.1.0.3", host: without(web.port.name) },
    "a port on another switch": {
      from: "web",
      to: "10.1.0.3",
      host: withLink(web.port.name, { master: "vsw-other" }),
    },
    "a port that is down": { from: "web", to: "10.1.0.3", host: withLink(db.port.name, { up: false }) },
    "a switch that is gone": { from: "web", to: "10.1.0.3", host: without("vsw-nat") },
    "a switch that is down": { from: "web", to: "10.1.0.3", host: withLink("vsw-nat", { up: false }) },
    "another's address as source": { from: "web", to: "198.51.100.9", packet: { source: ip("10.1.0.3") } },
    "another's MAC": { from: "web", to: "10.1.0.3", packet: { sourceMac: mac("02:00:00:00:00:09") } },
    "another's address as source, from a port without guard": {
      from: "web",
      to: "198.51.100.9",
      packet: { source: ip("10.1.0.3") },
      web: { guard: false },
    },
    "a DHCP server's answer": { from: "web", to: "udp 10.1.0.3 68" },
    "a DHCP server's answer, from a port that may be one": {
      from: "web",
      to: "udp 10.1.0.3 68",
      web: { guard: { allow: ["dhcp-server"] } },
    },
    "a router's advertisement": {
      from: "web",
      to: "ff02::1",
      packet: { protocol: IPPROTO.icmp6, icmpType: ND.routerAdvert },
    },
    "QOS lets pass, and says how much": {
      from: "web",
      to: "10.1.0.3",
      web: bears({ kind: "QOS", out: { bytesPerSecond: 1_000_000 } }),
      db: bears({ kind: "QOS", in: { bytesPerSecond: 2_000_000 } }),
    },
  },
  acl: {
    "what an ACL allows": {
      from: "web",
      to: "tcp 10.1.0.3 443",
      db: { ...bears(https), aclDefault: judged },
    },
    "what no ACL allows": { from: "web", to: "tcp 10.1.0.3 80", db: { ...bears(https), aclDefault: judged } },
    "what an ACL blocks": {
      from: "web",
      to: "tcp 198.51.100.9 25",
      web: {
        ...bears(
          acl({ action: "Block", direction: "Out", remotePorts: [{ first: 25, last: 25 }], priority: 7 }),
        ),
        aclDefault: { In: "Allow", Out: "Allow" },
      },
    },
    "a later packet of a connection that was allowed": {
      from: "web",
      to: "tcp 10.1.0.3 80",
      state: "established",
      db: { ...bears(https), aclDefault: judged },
    },
    "a port that an ACL asks for, and the packet does not tell": {
      from: "web",
      to: "tcp 10.1.0.3",
      db: { ...bears(https), aclDefault: judged },
    },
    "ACLs of a published port see the container's own address and port": {
      from: "outside",
      to: "tcp 192.0.2.10 8443",
      db: {
        ...bears(https, published("10.1.0.3", { hostPort: 8443, containerPort: 443 })),
        aclDefault: judged,
      },
    },
  },
  "who has": {
    "another container": { from: "web", to: "arp 10.1.0.3" },
    "the gateway": { from: "web", to: "arp 10.1.0.1" },
    "another address of the host, for which it answers too": { from: "web", to: "arp 192.0.2.10" },
    nobody: { from: "web", to: "arp 10.1.0.77" },
    "another container of an isolated network": { from: "web", to: "arp 10.1.0.3", nat: { isolated: true } },
    "its own address, which is an announcement for all": { from: "web", to: "arp 10.1.0.2" },
    "asked in another's name": { from: "web", to: "arp 10.1.0.3", packet: { senderIp: ip("10.1.0.1") } },
    "asked with another's MAC": {
      from: "web",
      to: "arp 10.1.0.3",
      packet: { senderMac: mac("02:00:00:00:00:09") },
    },
    "a probe before an address is used": {
      from: "web",
      to: "arp 10.1.0.2",
      packet: { senderIp: ip("0.0.0.0") },
    },
    "an answer that claims the gateway's address": {
      from: "web",
      to: "arp 10.1.0.3",
      packet: { operation: "reply", senderIp: ip("10.1.0.1"), destinationMac: db.vnic.mac },
    },
    "an answer to the host": {
      from: "web",
      to: "arp 10.1.0.1",
      packet: { operation: "reply", destinationMac: networks.nat.switch.mac },
    },
    "by IPv6": {
      from: "web",
      to: "ff02::1:ff00:3",
      packet: { protocol: IPPROTO.icmp6, icmpType: ND.neighbourSolicit, target: ip("fd01::3") },
    },
    "the gateway, by IPv6": {
      from: "web",
      to: "ff02::1:ff00:1",
      packet: { protocol: IPPROTO.icmp6, icmpType: ND.neighbourSolicit, target: ip("fd01::1") },
    },
    "an address of the host beyond the link, by IPv6: it does not answer": {
      from: "web",
      to: "ff02::1:ff00:10",
      packet: { protocol: IPPROTO.icmp6, icmpType: ND.neighbourSolicit, target: ip("2001:db8::10") },
    },
    "not to be asked by the host": { from: "host", to: "arp 10.1.0.2" },
    "a frame that is no IP goes to all": { from: "web", to: "frame" },
    "a frame that hides another": { from: "web", to: "frame", packet: { etherType: 0x8100 } },
    "a frame for the next switch": {
      from: "web",
      to: "frame",
      packet: { destinationMac: mac("01:80:c2:00:00:0e") },
    },
    "a frame that is no IP, for the host": {
      from: "web",
      to: "frame",
      packet: { destinationMac: networks.nat.switch.mac },
    },
  },
  switch: {
    "from port to port": { from: "web", to: "tcp 10.1.0.3 80" },
    "from port to port, IPv6": { from: "web", to: "tcp fd01::3 80" },
    "ports of an isolated network": { from: "web", to: "tcp 10.1.0.3 80", nat: { isolated: true } },
    "a MAC that no port has": {
      from: "web",
      to: "10.1.0.3",
      packet: { destinationMac: mac("02:00:00:00:00:09") },
    },
    "a frame for the MAC of a container that does not have the address": {
      from: "web",
      to: "198.51.100.9",
      packet: { destinationMac: db.vnic.mac },
    },
    "a packet bigger than the other port's MTU": {
      from: "web",
      to: "10.1.0.3",
      packet: { bytes: 1400 },
      host: withLink(db.port.name, { mtu: 1280 }),
    },
    "multicast goes to all": { from: "web", to: "udp 224.0.0.251 5353" },
    "multicast of an isolated network goes to the host alone": {
      from: "web",
      to: "udp 224.0.0.251 5353",
      nat: { isolated: true },
    },
    "the subnet's broadcast goes to all": { from: "web", to: "udp 10.1.0.255 9" },
    "multicast that no port lets in, and the host's rules do not either": {
      from: "web",
      to: "udp 224.0.0.251 5353",
      db: { aclDefault: judged },
      host: foreign(chain("inet fw", "in", "input", "drop")),
    },
  },
  host: {
    "to the gateway": { from: "web", to: "10.1.0.1" },
    "to an address of the host's uplink": { from: "web", to: "tcp 192.0.2.10 22" },
    "out by the uplink, masqueraded": { from: "web", to: "tcp 198.51.100.9 443" },
    "out by the uplink, masqueraded, IPv6": { from: "web", to: "tcp 2001:db8:9::9 443" },
    "out without outbound NAT": {
      from: "web",
      to: "198.51.100.9",
      nat: { outboundNat: undefined } as never,
    },
    "no route of the host": {
      from: "web",
      to: "198.51.100.9",
      host: { routes: scene.host.routes.filter(({ gateway }) => gateway === undefined) },
    },
    "a blackhole": {
      from: "web",
      to: "198.51.100.9",
      host: routes(route("198.51.100.0/24", { type: "blackhole" })),
    },
    "the longest prefix wins": {
      from: "web",
      to: "198.51.100.9",
      host: routes(route("198.51.100.0/24", { gateway: ip("192.0.2.77"), interface: "eth0" })),
    },
    "a route whose link the scene does not tell": {
      from: "web",
      to: "198.51.100.9",
      host: routes(route("198.51.100.0/24")),
    },
    "a host that does not forward": {
      from: "web",
      to: "198.51.100.9",
      host: { forwarding: { 4: false, 6: true } },
    },
    "a host that does not forward IPv6": {
      from: "web",
      to: "2001:db8:9::9",
      host: { forwarding: { 4: true, 6: false } },
    },
    "no hop left": { from: "web", to: "198.51.100.9", packet: { ttl: 1 } },
    "one hop less": { from: "web", to: "198.51.100.9", packet: { ttl: 9 } },
    "too big for the uplink": {
      from: "web",
      to: "198.51.100.9",
      packet: { bytes: 1450 },
      host: withLink("eth0", { mtu: 1400 }),
    },
    "too big for the uplink, IPv6": {
      from: "web",
      to: "2001:db8:9::9",
      packet: { bytes: 1450 },
      host: withLink("eth0", { mtu: 1400 }),
    },
    "the uplink is down, and a route still leads there": {
      from: "web",
      to: "198.51.100.9",
      host: withLink("eth0", { up: false }),
    },
    "an address of the link alone is not forwarded": {
      from: "web",
      to: "2001:db8:9::9",
      packet: { source: ip("fe80::9") },
      web: { guard: false },
    },
    "the host's loopback, by a frame past the container's own": {
      from: "web",
      to: "tcp 127.0.0.1 22",
      packet: { destinationMac: networks.nat.switch.mac },
    },
    "the host's own address as source": {
      from: "web",
      to: "198.51.100.9",
      packet: { source: ip("192.0.2.10") },
      web: { guard: false },
    },
    "another network of ours": { from: "far", to: "tcp 10.1.0.2 80" },
    "another network of ours that is reachable for all": {
      from: "far",
      to: "tcp 10.1.0.2 80",
      nat: { reachable: true },
    },
    "another network of ours that names this one": {
      from: "far",
      to: "tcp 10.1.0.2 80",
      nat: { reachable: ["other"] },
    },
    "a later packet between networks": { from: "far", to: "tcp 10.1.0.2 80", state: "established" },
    "an address of another subnet of ours that nobody has": {
      from: "far",
      to: "tcp 10.1.0.77 80",
      nat: { reachable: true },
    },
    "routed within an isolated network": {
      from: "web",
      to: "tcp 10.1.0.3 80",
      nat: { isolated: true },
      packet: { destinationMac: networks.nat.switch.mac },
    },
    "the host calls a container": { from: "host", to: "tcp 10.1.0.2 80" },
    "the host calls itself": { from: "host", to: "tcp 127.0.0.1 22" },
    "the host calls the world": { from: "host", to: "tcp 198.51.100.9 443" },
    "the host's multicast on a switch": {
      from: "host",
      to: "udp 224.0.0.251 5353",
      host: routes(route("224.0.0.0/4", { interface: "vsw-nat" })),
    },
    "from outside to a container's own address": { from: "outside", to: "tcp 10.1.0.2 80" },
    "from outside to the host": { from: "outside", to: "tcp 192.0.2.10 22" },
    "from outside to 127.0.0.1": { from: "outside", to: "tcp 127.0.0.1 22" },
    "from outside, by a link that is down": {
      from: "outside",
      to: "192.0.2.10",
      host: withLink("eth0", { up: false }),
    },
    "from outside, by nobody knows which link": {
      from: "outside",
      to: "192.0.2.10",
      host: { routes: scene.host.routes.filter(({ gateway }) => gateway === undefined) },
    },
  },
  nat: {
    "a published port, from outside": {
      from: "outside",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
    },
    "a published port, IPv6": {
      from: "outside",
      to: "tcp 2001:db8::10 8080",
      web: bears(published("fd01::2")),
    },
    "a published port, from a container of the network: hairpin": {
      from: "db",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
    },
    "a published port, from the container itself": {
      from: "web",
      to: "tcp 10.1.0.1 8080",
      web: bears(published("10.1.0.2")),
    },
    "a published port of another network, which needs no reachable": {
      from: "far",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
    },
    "a published port of an isolated network": {
      from: "db",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
      nat: { isolated: true },
    },
    "a published port, from the host by 127.0.0.1": {
      from: "host",
      to: "tcp 127.0.0.1 8080",
      web: bears(published("10.1.0.2")),
    },
    "a published port, from the host by ::1, which the kernel cannot": {
      from: "host",
      to: "tcp ::1 8080",
      web: bears(published("fd01::2")),
    },
    "published on one address, called on another": {
      from: "outside",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2", { hostIp: ip("192.0.2.11") })),
    },
    "one address stands above all": {
      from: "outside",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
      db: bears(published("10.1.0.3", { hostIp: ip("192.0.2.10"), containerPort: 81 })),
    },
    "published for tcp, called by udp": {
      from: "outside",
      to: "udp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
    },
    "published for sctp": {
      from: "outside",
      to: "sctp 192.0.2.10 8080",
      web: bears(published("10.1.0.2", { protocol: "sctp" })),
    },
    "a destination port that the call does not tell": {
      from: "outside",
      to: "tcp 192.0.2.10",
      web: bears(published("10.1.0.2")),
    },
    "an exception of the network's outbound NAT": {
      from: "web",
      to: "198.51.100.9",
      nat: { outboundNat: { exceptions: [prefix("198.51.100.0/24")] } },
    },
    "an endpoint's own OutBoundNAT with a virtual IP": {
      from: "web",
      to: "198.51.100.9",
      web: bears({
        kind: "OutBoundNAT",
        addresses: [ip("10.1.0.2")],
        exceptions: [],
        destinations: [],
        virtualIp: ip("192.0.2.200"),
      }),
    },
    "an endpoint's own OutBoundNAT with an exception": {
      from: "web",
      to: "198.51.100.9",
      web: bears({
        kind: "OutBoundNAT",
        addresses: [ip("10.1.0.2")],
        exceptions: [prefix("198.51.100.0/24")],
        destinations: [],
      }),
    },
    "an endpoint's own OutBoundNAT towards other destinations": {
      from: "web",
      to: "198.51.100.9",
      web: bears({
        kind: "OutBoundNAT",
        addresses: [ip("10.1.0.2")],
        exceptions: [],
        destinations: [prefix("203.0.113.0/24")],
      }),
    },
    "no address to masquerade with": {
      from: "web",
      to: "2001:db8:9::9",
      host: links((link) =>
        link.name === "eth0" || link.name.startsWith("vsw-other")
          ? { ...link, addresses: link.addresses.filter((address) => !address.includes(":")) }
          : link.name === "vsw-nat"
            ? { ...link, addresses: [prefix("10.1.0.1/24"), prefix("fe80::1/64")] }
            : link,
      ),
      web: { vnic: { routes: [{ destination: prefix("::/0"), gateway: ip("fe80::1") }] } },
    },
  },
  foreign: {
    "Docker's policy of FORWARD": { from: "web", to: "tcp 198.51.100.9 443", host: docker },
    "firewalld's": {
      from: "outside",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
      host: foreign(
        chain(
          "inet firewalld",
          "filter_FORWARD",
          "forward",
          "accept",
          rule("reject", { verdict: { kind: "drop" } }),
        ),
      ),
    },
    "ufw's": {
      from: "web",
      to: "tcp 198.51.100.9 443",
      host: foreign(chain("ip filter", "FORWARD", "forward", "drop"), {
        table: "ip filter",
        chain: "ufw-before-forward",
        rules: [],
      }),
    },
    "somebody's rule at input": {
      from: "web",
      to: "tcp 10.1.0.1 53",
      host: foreign(
        chain(
          "inet mine",
          "input",
          "input",
          "accept",
          rule("tcp dport 53 drop", {
            conditions: [{ kind: "destinationPort", ranges: [{ first: 53, last: 53 }] }],
            verdict: { kind: "drop" },
          }),
        ),
      ),
    },
    "somebody's rule at output": {
      from: "host",
      to: "tcp 198.51.100.9 25",
      host: foreign(
        chain("inet mine", "output", "output", "accept", rule("counter drop", { verdict: { kind: "drop" } })),
      ),
    },
    "somebody's rule at prerouting sees the address that was called": {
      from: "outside",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
      host: foreign({
        table: "ip raw",
        chain: "PREROUTING",
        base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
        rules: [
          rule("ip daddr 192.0.2.10 drop", {
            conditions: [{ kind: "destination", prefixes: [prefix("192.0.2.10/32")] }],
            verdict: { kind: "drop" },
          }),
        ],
      }),
    },
    "somebody's rule at postrouting": {
      from: "web",
      to: "198.51.100.9",
      host: foreign(chain("inet mine", "post", "postrouting", "drop")),
    },
    "a rule that is not understood": {
      from: "web",
      to: "198.51.100.9",
      host: foreign(
        chain(
          "inet mine",
          "forward",
          "forward",
          "accept",
          rule("meta mark 7 drop", {
            conditions: [{ kind: "unknown", text: "meta mark 7" }],
            verdict: { kind: "drop" },
          }),
        ),
      ),
    },
    "a rule that is not understood does not lift a drop of ours": {
      from: "far",
      to: "tcp 10.1.0.2 80",
      host: foreign(
        chain(
          "inet mine",
          "forward",
          "forward",
          "accept",
          rule("meta mark 7 drop", {
            conditions: [{ kind: "unknown", text: "meta mark 7" }],
            verdict: { kind: "drop" },
          }),
        ),
      ),
    },
    "a later packet, which such firewalls let pass": {
      from: "web",
      to: "tcp 198.51.100.9 443",
      state: "established",
      host: foreign(
        chain(
          "ip filter",
          "FORWARD",
          "forward",
          "drop",
          rule("ct state established,related accept", {
            conditions: [{ kind: "state", states: ["established", "related"] }],
          }),
        ),
      ),
    },
    "Docker's policy of FORWARD where br_netfilter shows it what is bridged": {
      from: "web",
      to: "tcp 10.1.0.3 80",
      host: { ...docker, bridgeFilter: [4] },
    },
    "the same of IPv6, where it is on for IPv4 alone": {
      from: "web",
      to: "tcp fd01::3 80",
      host: { ...docker, bridgeFilter: [4] },
    },
    "an address of another network, which br_netfilter has masqueraded on the switch": {
      from: "web",
      to: "tcp 10.1.0.3 80",
      packet: { source: ip("10.2.0.2") },
      web: { guard: false },
      host: { bridgeFilter: [4] },
    },
    "somebody's rules at each of the bridge's own hooks": {
      from: "web",
      to: "10.1.0.3",
      host: foreign(
        chain("bridge mine", "a", "prerouting", "accept"),
        chain("bridge mine", "b", "forward", "accept"),
        chain("bridge mine", "c", "postrouting", "drop"),
      ),
    },
    "somebody's rules at the bridge's way to the host": {
      from: "web",
      to: "10.1.0.1",
      host: foreign(chain("bridge mine", "a", "input", "drop")),
    },
    "somebody's rules at the bridge's way from the host": {
      from: "host",
      to: "10.1.0.2",
      host: foreign(chain("bridge mine", "a", "output", "drop")),
    },
  },
};
