/**
 * What ACLs let pass: chains of the table `bridge vswitch`, for each direction and family the same. The model's meaning
 * is lib/policy/acl.ts.
 *
 * The state is our own, since many kernels have no connection tracking for bridges: a flow that was allowed is an
 * element with a time. A packet of a flow that was seen a moment ago costs one look-up, whatever number of ACLs there
 * is. Rules are in the order of how often they are met, and TCP has its own: each one costs every packet.
 */
import { alwaysOpen6, icmpErrors, icmpQueries, icmpReplies } from "../../policy/acl.ts";
import type { FieldName } from "./field.ts";
import {
  changesTcp,
  endsTcp,
  hasMorePieces,
  icmpType,
  isLaterPiece,
  isLong,
  isMeantFor,
  isProtocol,
  isTransport,
  isWrapped,
  opensTcp,
  resetsTcp,
  setNote,
  type Transport,
} from "./header-term.ts";
import { because, type LayoutChain, type LayoutRule, rule } from "./layout-chain.ts";
import { askedMs, datagramMs, endedMs, flowMs, freshMs, openingMs } from "./sets.ts";
import { type Family, type Side, sides } from "./side.ts";
import { byMap, inSet, remember, verdict } from "./term.ts";

const accept = verdict({ kind: "accept" });
const drop = verdict({ kind: "drop" });
const goTo = (chain: string) => verdict({ kind: "goto", chain });
const chain = (name: string, rules: readonly LayoutRule[]): LayoutChain => ({
  family: "bridge",
  name,
  rules,
});

const families = [4, 6] as const;
/** Protocols with ports beside TCP. */
const others: readonly Transport[] = ["udp", "sctp", "dccp", "udplite"];

export function aclChains(): readonly LayoutChain[] {
  return Object.values(sides).flatMap((side) => [
    ...families.flatMap((family) => familyChains(side, family)),
    ...sideChains(side),
  ]);
}

/** ARP is open; what is no IP is judged by the default, where it cannot become IP on its way. */
function sideChains({ name, port }: Side): readonly LayoutChain[] {
  return [
    chain(`acl_${name}`, [
      rule(isProtocol("ip"), isTransport("tcp"), goTo(`tcp_${name}4`)),
      rule(isProtocol("ip"), goTo(`acl_${name}4`)),
      rule(isProtocol("ip6"), isTransport("tcp"), goTo(`tcp_${name}6`)),
      rule(isProtocol("ip6"), goTo(`acl_${name}6`)),
      rule(isProtocol("arp"), accept),
      ...isWrapped.map((wrapped) => because("nobody sees what is inside", wrapped, goTo(`block_${name}`))),
      rule(goTo(`default_${name}`)),
    ]),
    chain(`default_${name}`, [
      rule(inSet([port], `default_${name}`), goTo(`allow_${name}`)),
      rule(goTo(`block_${name}`)),
    ]),
    chain(`allow_${name}`, [
      rule(isProtocol("ip"), goTo(`allow_${name}4`)),
      rule(isProtocol("ip6"), goTo(`allow_${name}6`)),
      rule(accept),
    ]),
    chain(`block_${name}`, [...(name === "out" ? mayBeAnswer() : []), rule(goTo(`drop_${name}`))]),
    chain(`drop_${name}`, [rule(inSet([port], `dropped_acl_${name}`), drop), rule(drop)]),
  ];
}

/** An answer to what br_netfilter translated is known by other addresses: filtered-chains.ts. */
function mayBeAnswer(): readonly LayoutRule[] {
  return [
    rule(isTransport("tcp"), opensTcp, goTo("drop_out")),
    rule(isMeantFor("host"), setNote("refused"), accept),
  ];
}

function familyChains(side: Side, family: Family): readonly LayoutChain[] {
  const of = (name: string): string => `${name}_${side.name}${family}`;
  const { port, index, localPort, remotePort } = side;
  const remote = side.knownRemote(family);
  const flow = [index, "meta l4proto", remote, localPort, remotePort] as const;
  const asked = [index, "meta l4proto", remote] as const;
  // What asks for a header of IPv6 has asked for the protocol.
  const ofPiece = [index, "meta l4proto", family === 4 ? remote : side.remote(family)] as const;
  const icmp = family === 4 ? "icmp" : "icmp6";
  const [fresh, flows, queries] = [`fresh${family}`, `flows${family}`, `asked${family}`] as const;
  const judgeAnew = goTo(of("anew"));
  const pieces = because(
    "those behind it bear no ports",
    hasMorePieces[family],
    remember(ofPiece, queries, askedMs),
  );
  const began = side.name === "out" ? [rule(isMeantFor("host"), setNote(`began${family}`))] : [];
  const full = because("where no more can be remembered, too", accept);
  return [
    chain(of("tcp"), [
      rule(changesTcp, goTo(of("turn"))),
      rule(inSet(flow, fresh), goTo(of("fresh"))),
      rule(inSet(flow, flows), goTo(of("renew"))),
      rule(judgeAnew),
    ]),
    chain(of("turn"), [
      because("a new connection is judged, whatever passed before", opensTcp, goTo(of("new"))),
      because("the last answers shall renew nothing", endsTcp, inSet(flow, flows), goTo(of("end"))),
      rule(inSet(flow, flows), accept),
      rule(judgeAnew),
    ]),
    chain(of("end"), [
      because("nothing answers it", resetsTcp, remember(flow, flows, endedMs), accept),
      rule(remember(flow, fresh, freshMs)),
      rule(remember(flow, flows, endedMs)),
      rule(accept),
    ]),
    chain(of("acl"), [
      rule(inSet(flow, fresh), goTo(of("fresh"))),
      rule(inSet(flow, flows), goTo(of("remember"))),
      ...others.map((transport) => rule(isTransport(transport), judgeAnew)),
      rule(isTransport(icmp), goTo(of("icmp"))),
      rule(inSet(asked, queries), goTo(of("allow"))),
      rule(judgeAnew),
    ]),
    chain(of("fresh"), [pieces, rule(accept)]),
    chain(of("begin"), [...began, rule(remember(flow, flows, openingMs), accept), full]),
    chain(of("renew"), [
      rule(isLong, goTo(of("long"))),
      because("a bare answer may be all that comes", remember(flow, flows, flowMs), accept),
      full,
    ]),
    chain(of("long"), [
      pieces,
      rule(remember(flow, fresh, freshMs)),
      rule(remember(flow, flows, flowMs), accept),
      full,
    ]),
    chain(of("remember"), [
      pieces,
      ...began,
      rule(remember(flow, fresh, freshMs)),
      rule(isTransport("udp"), remember(flow, flows, datagramMs), accept),
      rule(remember(flow, flows, flowMs), accept),
      full,
    ]),
    chain(of("icmp"), icmpRules(side, family)),
    chain(of("about"), [
      because("about a flow that is known", inSet(aboutFlow(side, family), flows), accept),
      rule(inSet(aboutFlow(side, family).slice(0, 3), queries), accept),
      rule(judgeAnew),
    ]),
    chain(of("anew"), [
      because("it bears no ports, and no ACL is about it", isLaterPiece[family], goTo(of("unnamed"))),
      rule(goTo(of("new"))),
    ]),
    chain(of("new"), [rule(byMap([port], `judges_${side.name}${family}`)), rule(goTo(of("unnamed")))]),
    chain(of("unnamed"), [
      because("follows the piece with the ports", isLaterPiece[family], inSet(ofPiece, queries), accept),
      rule(goTo(`default_${side.name}`)),
    ]),
    chain(of("allow"), [
      rule(isTransport("tcp"), goTo(of("begin"))),
      ...others.map((transport) => rule(isTransport(transport), goTo(of("remember")))),
      rule(isTransport(icmp), goTo(of("ask"))),
      rule(remember(asked, queries, askedMs)),
      rule(accept),
    ]),
    chain(of("ask"), [
      because("echo request", icmpType(icmpQueries[family]), remember(asked, queries, askedMs)),
      rule(accept),
    ]),
  ];
}

/** Only ICMP comes here, or a later piece of it, in which nothing of this is found. */
function icmpRules(side: Side, family: Family): readonly LayoutRule[] {
  const of = (name: string): string => `${name}_${side.name}${family}`;
  const asked = [side.index, "meta l4proto", side.knownRemote(family)] as const;
  const { first, last, report } = alwaysOpen6;
  const discovery = [
    because("neighbour discovery, multicast listening", icmpType(first, ">="), icmpType(last, "<="), accept),
    rule(icmpType(report), accept),
  ];
  return [
    ...(family === 6 ? discovery : []),
    because("echo reply", icmpType(icmpReplies[family]), inSet(asked, `asked${family}`), accept),
    ...icmpErrors[family].map((type) => because("an error", icmpType(type), goTo(of("about")))),
    rule(goTo(of("anew"))),
  ];
}

/** The flow of the packet that an error is about: it went the other way. */
export function aboutFlow({ name, index }: Side, family: Family): readonly FieldName[] {
  const [source, destination, sourcePort, destinationPort, protocol] =
    family === 4
      ? (["@th,160,32", "@th,192,32", "@th,224,16", "@th,240,16", "@th,136,8"] as const)
      : (["@th,128,128", "@th,256,128", "@th,384,16", "@th,400,16", "@th,112,8"] as const);
  return name === "in"
    ? [index, protocol, destination, sourcePort, destinationPort]
    : [index, protocol, source, destinationPort, sourcePort];
}
