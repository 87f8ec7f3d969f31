/** What a port may send: chains of the table `bridge vswitch`. The model's meaning is lib/policy/guard.ts. */
import { ip } from "../../addr/ip.ts";
import { hostPrefix } from "../../addr/prefix.ts";
import { dhcpClientPorts, unspecifiedTypes } from "../../policy/guard.ts";
import { ND } from "../../policy/packet.ts";
import { icmpType, isProtocol, isTransport, udpTo } from "./header-term.ts";
import { because, type LayoutChain, rule } from "./layout-chain.ts";
import { inSet, matchPrefix, verdict } from "./term.ts";

const goTo = (chain: string) => verdict({ kind: "goto", chain });
const pass = verdict({ kind: "return" });
const drop = verdict({ kind: "drop" });

const chain = (name: string, rules: LayoutChain["rules"]): LayoutChain => ({ family: "bridge", name, rules });

/** Nearly every packet takes the first or second rule of the first chain and the first one or two of the next. */
export function guardChains(): readonly LayoutChain[] {
  return [
    chain("guard", [
      rule(inSet(["iifname", "ether saddr", "ip saddr"], "guard4"), goTo("guard_service4")),
      rule(inSet(["iifname", "ether saddr", "ip6 saddr"], "guard6"), goTo("guard_service6")),
      rule(inSet(["iifname", "ether saddr"], "guard_macs"), goTo("guard_own_mac")),
      rule(goTo("guard_spoofed")),
    ]),
    chain("guard_service4", [because("a DHCP server's", udpTo(dhcpClientPorts[4]), goTo("guard_dhcp"))]),
    chain("guard_service6", [
      because("a DHCP server's", udpTo(dhcpClientPorts[6]), goTo("guard_dhcp")),
      rule(isTransport("icmp6"), goTo("guard_discovery")),
    ]),
    chain("guard_discovery", [
      because("router advertisement", icmpType(ND.routerAdvert), goTo("guard_router")),
      because("redirect", icmpType(ND.redirect), goTo("guard_router")),
      because("neighbour advertisement", icmpType(ND.neighbourAdvert), goTo("guard_target")),
    ]),
    ownMac(),
    chain("guard_unspecified", [
      because("duplicate address detection", icmpType(ND.neighbourSolicit), goTo("guard_target")),
      ...unspecifiedTypes.map((type) => rule(icmpType(type), pass)),
      rule(goTo("guard_spoofed")),
    ]),
    chain("guard_target", [
      rule(inSet(["iifname", "ether saddr", "@th,64,128"], "guard6"), pass),
      rule(goTo("guard_spoofed")),
    ]),
    chain("guard_dhcp", [rule(inSet(["iifname"], "dhcp_servers"), pass), rule(goTo("guard_refused"))]),
    chain("guard_router", [rule(inSet(["iifname"], "routers"), pass), rule(goTo("guard_refused"))]),
    chain("guard_spoofed", [rule(inSet(["iifname"], "dropped_spoofed"), drop), rule(drop)]),
    chain("guard_refused", [rule(inSet(["iifname"], "dropped_service"), drop), rule(drop)]),
  ];
}

/** Not from an address of its own; other protocols than these bear no address and pass. */
function ownMac(): LayoutChain {
  const nobody = matchPrefix("arp saddr ip", hostPrefix(ip("0.0.0.0")));
  return chain("guard_own_mac", [
    rule(inSet(["iifname", "arp saddr ether", "arp saddr ip"], "guard4"), pass),
    because(
      "a probe claims what it asks for",
      nobody,
      inSet(["iifname", "arp saddr ether", "arp daddr ip"], "guard4"),
      pass,
    ),
    rule(matchPrefix("ip6 saddr", hostPrefix(ip("::"))), isTransport("icmp6"), goTo("guard_unspecified")),
    rule(isProtocol("arp"), goTo("guard_spoofed")),
    rule(isProtocol("ip"), goTo("guard_spoofed")),
    rule(isProtocol("ip6"), goTo("guard_spoofed")),
  ]);
}
