/** What a port may send: chains of the table `bridge vswitch`. The model's meaning is lib/policy/guard.ts. */
import { ip } from "../../addr/ip.ts";
import { hostPrefix } from "../../addr/prefix.ts";
import { dhcpClientPorts, dhcpServerPort4, unspecifiedTypes } from "../../policy/guard.ts";
import { ND } from "../../policy/packet.ts";
import { icmpType, isProtocol, isTransport, isWrapped, udpTo } from "./header-term.ts";
import { because, type LayoutChain, rule } from "./layout-chain.ts";
import { inSet, matchPrefix, verdict } from "./term.ts";

const goTo = (chain: string) => verdict({ kind: "goto", chain });
const jump = (chain: string) => verdict({ kind: "jump", chain });
const pass = verdict({ kind: "return" });
const drop = verdict({ kind: "drop" });

const chain = (name: string, rules: LayoutChain["rules"]): LayoutChain => ({ family: "bridge", name, rules });

/** What is sent from an address of its own passes the first ones; the chain `guard` is for all else. */
export function guardChains(): readonly LayoutChain[] {
  return [
    chain("guard_service4", [because("a DHCP server's", udpTo(dhcpClientPorts[4]), jump("guard_dhcp"))]),
    chain("guard_service6", [
      because("a DHCP server's", udpTo(dhcpClientPorts[6]), jump("guard_dhcp")),
      rule(isTransport("icmp6"), goTo("guard_discovery")),
    ]),
    chain("guard_judged4", [
      rule(isTransport("tcp"), goTo("tcp_out4")),
      because("a DHCP server's", udpTo(dhcpClientPorts[4]), jump("guard_dhcp")),
      rule(goTo("acl_out4")),
    ]),
    chain("guard_judged6", [
      rule(isTransport("tcp"), goTo("tcp_out6")),
      rule(jump("guard_service6")),
      rule(goTo("acl_out6")),
    ]),
    chain("guard", [
      rule(inSet(["iifname", "ether saddr"], "guard_macs"), goTo("guard_own_mac")),
      rule(goTo("guard_spoofed")),
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
  const nobody = hostPrefix(ip("0.0.0.0"));
  const isProbe = matchPrefix("arp saddr ip", nobody);
  const claims = ["iifname", "arp saddr ether", "arp saddr ip"] as const;
  const probes = ["iifname", "arp saddr ether", "arp daddr ip"] as const;
  return chain("guard_own_mac", [
    rule(inSet(claims, "guard4"), pass),
    because("a probe claims what it asks for", isProbe, inSet(probes, "guard4"), pass),
    rule(matchPrefix("ip6 saddr", hostPrefix(ip("::"))), isTransport("icmp6"), goTo("guard_unspecified")),
    because("a DHCP client's", matchPrefix("ip saddr", nobody), udpTo(dhcpServerPort4), pass),
    rule(isProtocol("arp"), goTo("guard_spoofed")),
    rule(isProtocol("ip"), goTo("guard_spoofed")),
    rule(isProtocol("ip6"), goTo("guard_spoofed")),
    ...isWrapped.map((wrapped) => because("what is inside bears one", wrapped, goTo("guard_spoofed"))),
  ]);
}
