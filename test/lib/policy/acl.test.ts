import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import {
  type Acl,
  type AclDefault,
  type AclDirection,
  type AclFlow,
  flowsOf,
  inOrder,
  judge,
} from "../../../lib/policy/acl.ts";
import { IPPROTO, type IpPacket, ND, type Packet } from "../../../lib/policy/packet.ts";
import { aclWith as rule } from "./acls.ts";
import { arp, frameOf, icmp, icmp6, other, own, received, sent } from "./packets.ts";

const deny: AclDefault = { In: "Block", Out: "Block" };
const addresses = [own.ip4, own.ip6];
const at = (port: number) => ({ first: port, last: port });

const judged = (
  rules: readonly Acl[],
  direction: AclDirection,
  packet: Packet,
  known: readonly AclFlow[] = [],
  defaults = deny,
) => judge(rules, defaults, addresses, direction, packet, known);

describe("an ACL's fields", () => {
  it.each<[string, Partial<Acl>, IpPacket, boolean]>([
    ["nothing matches all", {}, received(), true],
    ["the other direction matches nothing", { direction: "Out" }, received(), false],
    ["the protocol", { protocols: [17, 6] }, received(), true],
    ["another protocol", { protocols: [17] }, received(), false],
    ["the remote address", { remoteAddresses: [prefix("10.88.0.0/16")] }, received(), true],
    [
      "one of several",
      { remoteAddresses: [prefix("192.0.2.0/24"), prefix("10.88.0.9/32")] },
      received(),
      true,
    ],
    ["another remote address", { remoteAddresses: [prefix("10.88.0.5/32")] }, received(), false],
    ["another family", { remoteAddresses: [prefix("::/0")] }, received(), false],
    ["the local address", { localAddresses: [prefix("10.88.0.5/32")] }, received(), true],
    ["another local address", { localAddresses: [prefix("10.88.0.9/32")] }, received(), false],
    [
      "the local address of the other family",
      { localAddresses: [prefix("fd00:88::/64")] },
      received(),
      false,
    ],
    ["the local port", { localPorts: [at(443), at(80)] }, received(), true],
    ["a range with it as its end", { localPorts: [{ first: 79, last: 80 }] }, received(), true],
    ["a range behind it", { localPorts: [{ first: 81, last: 90 }] }, received(), false],
    ["the remote port", { remotePorts: [at(40_000)] }, received(), true],
    ["another remote port", { remotePorts: [at(80)] }, received(), false],
    [
      "all fields together",
      { protocols: [6], localPorts: [at(80)], remoteAddresses: [prefix("10.88.0.9/32")] },
      received(),
      true,
    ],
    [
      "all fields but one",
      { protocols: [6], localPorts: [at(81)], remoteAddresses: [prefix("10.88.0.9/32")] },
      received(),
      false,
    ],
  ])("%s", (_, fields, packet, matches) => {
    expect(judged([rule(fields)], "In", packet).by).toBe(matches ? "rule" : "default");
  });

  it("are seen from the container in both directions", () => {
    const out = rule({ direction: "Out", remotePorts: [at(80)], remoteAddresses: [prefix("10.88.0.9/32")] });
    expect(judged([out], "Out", sent())).toEqual({ action: "Allow", by: "rule", rule: out });
    expect(judged([out], "Out", sent({ destinationPort: 81 })).by).toBe("default");
    expect(judged([rule({ direction: "Out", localPorts: [at(40_000)] })], "Out", sent()).by).toBe("rule");
  });
});

describe("of several ACLs", () => {
  it("the one with the lowest priority decides, and of equal ones the first", () => {
    const block = rule({ action: "Block", priority: 5, id: "block" });
    const allow = rule({ priority: 5, id: "allow" });
    const first = rule({ priority: 1, id: "first" });
    expect(judged([block, allow], "In", received()).rule).toBe(block);
    expect(judged([allow, block], "In", received()).rule).toBe(allow);
    expect(judged([block, allow, first], "In", received()).rule).toBe(first);
    expect(inOrder([block, allow, first]).map(({ id }) => id)).toEqual(["first", "block", "allow"]);
  });

  it("none that matches leaves the packet to the default of its direction", () => {
    const half: AclDefault = { In: "Block", Out: "Allow" };
    const ssh = rule({ protocols: [6], localPorts: [at(22)] });
    expect(judged([ssh], "In", received(), [], half)).toEqual({ action: "Block", by: "default" });
    expect(judged([ssh], "Out", sent(), [], half)).toEqual({ action: "Allow", by: "default" });
  });
});

describe("what always passes", () => {
  it.each<[string, Packet]>([
    ["ARP", arp()],
    ["neighbour solicitation", icmp6(received(), ND.neighbourSolicit, { target: own.ip6 })],
    ["neighbour advertisement", icmp6(received(), ND.neighbourAdvert, { target: other.ip6 })],
    ["router solicitation", icmp6(received(), ND.routerSolicit)],
    ["router advertisement", icmp6(received(), ND.routerAdvert)],
    ["redirect", icmp6(received(), ND.redirect)],
    ["multicast listening", icmp6(received(), ND.listenerReport2)],
    ["a multicast listener query", icmp6(received(), ND.listenerQuery)],
  ])("is %s, in both directions and whatever is blocked", (_, packet) => {
    for (const direction of ["In", "Out"] as const) {
      const all = [rule({ action: "Block", direction })];
      expect(judged(all, direction, packet)).toEqual({ action: "Allow", by: "neighbour discovery" });
    }
  });

  it("is no ICMP of IPv4 with such a type, and no echo request", () => {
    expect(judged([], "In", icmp(received(), ND.neighbourSolicit)).action).toBe("Block");
    expect(judged([], "In", icmp6(received(), 128)).action).toBe("Block");
  });

  it("is nothing that is neither IP nor ARP: the default decides", () => {
    const all = [rule(), rule({ direction: "Out" })];
    expect(judged(all, "In", frameOf(0x88cc))).toEqual({ action: "Block", by: "default" });
    expect(judged(all, "Out", frameOf(0x88cc), [], { In: "Block", Out: "Allow" }).action).toBe("Allow");
  });
});

describe("answers to what was allowed", () => {
  /** Passes an allowed packet, then asks for another. */
  const following = (first: IpPacket, direction: AclDirection, packet: Packet, answer: AclDirection) =>
    judged([], answer, packet, flowsOf(first, direction));
  const udp = { protocol: IPPROTO.udp };

  it("pass without a rule, both ways", () => {
    const answer = received({ sourcePort: 80, destinationPort: 40_000 });
    expect(following(sent(), "Out", answer, "In")).toEqual({ action: "Allow", by: "flow" });
    const own80 = sent({ sourcePort: 80, destinationPort: 40_000 });
    expect(following(received(), "In", own80, "Out")).toEqual({ action: "Allow", by: "flow" });
    expect(
      following(sent(udp), "Out", received({ ...udp, sourcePort: 80, destinationPort: 40_000 }), "In").by,
    ).toBe("flow");
  });

  it("pass although a rule blocks them, and so does what follows in the first direction", () => {
    const known = flowsOf(sent(), "Out");
    const block = [rule({ action: "Block" }), rule({ action: "Block", direction: "Out" })];
    expect(judged(block, "In", received({ sourcePort: 80, destinationPort: 40_000 }), known).by).toBe("flow");
    expect(judged(block, "Out", sent(), known).by).toBe("flow");
  });

  it.each<[string, Partial<IpPacket>]>([
    ["another port of the other side", { sourcePort: 81, destinationPort: 40_000 }],
    ["another port of the container", { sourcePort: 80, destinationPort: 40_001 }],
    ["another machine", { source: ip("10.88.0.77"), sourcePort: 80, destinationPort: 40_000 }],
    ["another protocol", { ...udp, sourcePort: 80, destinationPort: 40_000 }],
  ])("are no answers with %s", (_, over) => {
    expect(following(sent(), "Out", received(over), "In")).toEqual({ action: "Block", by: "default" });
  });

  it("are never TCP that opens a connection: it is judged anew", () => {
    const syn = { sourcePort: 80, destinationPort: 40_000, opens: true };
    expect(following(sent(), "Out", received(syn), "In")).toEqual({ action: "Block", by: "default" });
    expect(judged([], "Out", sent({ opens: true }), flowsOf(sent({ opens: true }), "Out")).action).toBe(
      "Block",
    );
    expect(judged([rule()], "In", received({ opens: true })).by).toBe("rule");
  });

  it("are echo replies to echo requests, and no other ICMP", () => {
    expect(following(icmp(sent(), 8), "Out", icmp(received(), 0), "In").by).toBe("flow");
    expect(following(icmp6(sent(), 128), "Out", icmp6(received(), 129), "In").by).toBe("flow");
    expect(following(icmp(sent(), 8), "Out", icmp(received(), 8), "In").by).toBe("default");
    expect(following(icmp(sent(), 0), "Out", icmp(received(), 0), "In").by).toBe("default");
    expect(
      following(icmp(sent(), 8), "Out", icmp(received(), 0, { source: ip("10.88.0.77") }), "In").by,
    ).toBe("default");
  });

  it("of protocols without ports are known by the other side alone", () => {
    const gre = { protocol: 47, sourcePort: undefined, destinationPort: undefined };
    const plain = (packet: IpPacket) => JSON.parse(JSON.stringify({ ...packet, ...gre })) as IpPacket;
    expect(following(plain(sent()), "Out", plain(received()), "In").by).toBe("flow");
    expect(following(plain(sent()), "Out", received(), "In").by).toBe("default");
  });
});

describe("ICMP errors", () => {
  const lost = {
    source: own.ip4,
    destination: other.ip4,
    protocol: 6,
    sourcePort: 40_000,
    destinationPort: 80,
  };
  const lost6 = { ...lost, source: own.ip6, destination: other.ip6 };
  const known = flowsOf(sent(), "Out");
  const known6 = flowsOf(sent({ source: own.ip6, destination: other.ip6 }), "Out");

  it.each([3, 11, 12])("of type %d pass when they are about a known flow, whoever sends them", (type) => {
    const error = icmp(received({ source: ip("192.0.2.1") }), type, { about: lost });
    expect(judged([], "In", error, known)).toEqual({ action: "Allow", by: "flow" });
  });

  it.each([1, 2, 3, 4])("of IPv6, type %d, do too", (type) => {
    expect(judged([], "In", icmp6(received(), type, { about: lost6 }), known6).by).toBe("flow");
  });

  it("do not pass when they are about something else, or nothing that can be read", () => {
    const about = { ...lost, destinationPort: 81 };
    expect(judged([], "In", icmp(received(), 3, { about }), known).action).toBe("Block");
    expect(judged([], "In", icmp(received(), 3), known).action).toBe("Block");
    expect(judged([], "In", icmp(received(), 5, { about: lost }), known).action).toBe("Block");
    const turned = { ...lost, source: other.ip4, destination: own.ip4 };
    expect(judged([], "In", icmp(received(), 3, { about: turned }), known).action).toBe("Block");
  });

  it("that the container sends pass when they are about what it was sent", () => {
    const about = {
      source: other.ip4,
      destination: own.ip4,
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: 80,
    };
    expect(judged([], "Out", icmp(sent(), 3, { about }), flowsOf(received(), "In")).by).toBe("flow");
    expect(judged([], "Out", icmp(sent(), 3, { about }), known).by).toBe("default");
  });
});

describe("pieces of a packet", () => {
  const piece = (fragment: "first" | "later", over: Partial<IpPacket> = {}): IpPacket => {
    const { sourcePort, destinationPort, ...rest } = received({ protocol: IPPROTO.udp, ...over });
    return fragment === "later"
      ? { ...rest, fragment }
      : { ...rest, sourcePort: 40_000, destinationPort: 80, fragment };
  };
  const dns = rule({ protocols: [17], localPorts: [at(80)] });

  it("follow the first one, which bears the ports", () => {
    expect(judged([dns], "In", piece("first")).by).toBe("rule");
    expect(judged([dns], "In", piece("later"), flowsOf(piece("first"), "In")).by).toBe("flow");
  });

  it("match no rule by themselves, not even one without ports", () => {
    expect(judged([dns, rule()], "In", piece("later"))).toEqual({ action: "Block", by: "default" });
  });

  it("do not follow what was no piece, or came from elsewhere", () => {
    expect(judged([dns], "In", piece("later"), flowsOf(received({ protocol: 17 }), "In")).by).toBe("default");
    const foreign = piece("later", { source: ip("10.88.0.77") });
    expect(judged([dns], "In", foreign, flowsOf(piece("first"), "In")).by).toBe("default");
  });
});
