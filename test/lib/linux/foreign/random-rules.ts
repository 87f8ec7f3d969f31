/** Random rule sets of the kinds that we understand, in nft's language, and packets that meet them. */
import fc from "fast-check";
import type { Passing } from "./router.ts";

const v4 = {
  left: ["10.1.0.2", "10.1.0.3", "10.1.9.9"],
  right: ["198.51.100.1", "198.51.100.200", "203.0.113.9"],
};
const v6 = {
  left: ["fd00:1::2", "fd00:1::3", "fd00:1:9::9"],
  right: ["2001:db8:2::1", "2001:db8:2::200", "2001:db8:2:5::9"],
};
const ports = [22, 53, 80, 443, 8080];
/** Of the sender: one for each packet of a run. */
const firstPort = 1000;

type Text = fc.Arbitrary<string>;
const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const join = (...parts: readonly (string | Text)[]): Text =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((words) => words.join(""));
const listOf = (item: Text, min = 1, max = 4): Text =>
  fc.uniqueArray(item, { minLength: min, maxLength: max }).map((items) => `{ ${items.join(", ")} }`);
const sign: Text = pick("", "", "!= ");

const prefixes = {
  ip: [
    "10.1.0.0/24",
    "10.1.0.0/16",
    "10.0.0.0/8",
    "198.51.100.0/25",
    "198.51.100.128/25",
    "203.0.113.9",
    "0.0.0.0/1",
  ],
  ip6: [
    "fd00:1::/64",
    "fd00:1::/32",
    "fc00::/7",
    "2001:db8:2::/64",
    "2001:db8:2::200",
    "2001:db8:2::/47",
    "8000::/1",
  ],
} as const;
const addresses = { ip: [...v4.left, ...v4.right], ip6: [...v6.left, ...v6.right] } as const;
type Ipv = keyof typeof prefixes;

/** Ranges must not overlap within a set: these do not. */
const disjoint = {
  ip: [
    "10.1.0.0/30",
    "10.1.9.0-10.1.9.200",
    "198.51.100.0/25",
    "198.51.100.129-198.51.100.255",
    "203.0.113.9",
  ],
  ip6: [
    "fd00:1::/126",
    "fd00:1:9::9",
    "2001:db8:2::1-2001:db8:2::1ff",
    "2001:db8:2::200",
    "2001:db8:2:5::/64",
  ],
} as const;

const addressTest = (ipv: Ipv): Text => {
  const side = pick("saddr", "daddr");
  return fc.oneof(
    join(`${ipv} `, side, " ", sign, pick(...prefixes[ipv], ...addresses[ipv])),
    join(`${ipv} `, side, " ", sign, listOf(pick(...disjoint[ipv]))),
    join(`${ipv} `, side, " ", sign, listOf(pick(...addresses[ipv]))),
    join(`${ipv} `, side, " ", sign, ipv === "ip" ? "@friends" : "@friends6"),
    join(`${ipv} `, side, pick(" > ", " >= ", " < ", " <= "), pick(...addresses[ipv])),
    fc
      .tuple(pick(...prefixes[ipv]), pick(...prefixes[ipv]))
      .map(([a, b]) => `${ipv} saddr ${a} ${ipv} daddr ${b}`),
    ...(ipv === "ip"
      ? [pick("ip saddr 10.1.0.2-10.1.0.200", "ip daddr != 198.51.100.1-198.51.100.100")]
      : []),
  );
};

const port: Text = pick(...ports).map(String);
const portRange: Text = pick("1-100", "80-443", "444-9000", "1000-1004", "1005-1020");
const portTest: Text = fc.oneof(
  join(pick("tcp", "udp"), " dport ", sign, fc.oneof(port, portRange)),
  join(pick("tcp", "udp"), " sport ", sign, fc.oneof(portRange, pick("1003", "22"))),
  join(pick("tcp", "udp"), " dport ", sign, listOf(fc.oneof(port, pick("100-400", "1000-1004")))),
  join("tcp dport ", sign, "@services"),
  join("meta l4proto { tcp, udp } th dport ", sign, listOf(port)),
  join("tcp sport 1000-1010 tcp dport ", port),
);
const names: Text = pick('"vsw-nat"', '"eth0"', '"docker0"', '"vsw-*"', '"eth*"');
/** Tests that go with any other. */
const neutralTest: Text = fc.oneof(
  join(pick("iifname ", "oifname "), sign, names),
  join(pick("iifname ", "oifname "), sign, listOf(pick('"vsw-nat"', '"eth0"', '"docker0"'))),
  join("iifname ", sign, "@bridges"),
  join("ct state ", pick("new", "established", "established,related", "new,established", "invalid")),
  join("ct state ", sign, listOf(pick("new", "established", "related", "invalid"))),
  join("ct state != ", pick("new", "established")),
  pick("ct status dnat", "meta mark set 1", "counter"),
);
/** Tests that nft allows with no other of headers. */
const loneTest: Text = fc.oneof(
  join(
    "meta l4proto ",
    sign,
    fc.oneof(pick("tcp", "udp", "icmp", "ipv6-icmp"), listOf(pick("tcp", "udp", "icmp"))),
  ),
  pick(
    "icmp type echo-request",
    "icmp type { echo-reply, 3 }",
    "icmpv6 type echo-request",
    "icmpv6 type != echo-reply",
  ),
  pick("tcp flags & (fin|syn|rst|ack) != syn", "tcp flags & (fin|syn|rst|ack) == syn"),
  pick("ip protocol tcp", "ip6 nexthdr udp", "meta nfproto ipv4", "meta nfproto ipv6"),
);
const maybe = (text: Text): Text => fc.option(text, { nil: "" });

const tests: Text = fc
  .tuple(
    fc.oneof(
      loneTest,
      fc
        .tuple(maybe(fc.oneof(addressTest("ip"), addressTest("ip6"))), maybe(portTest))
        .map((words) => words.join(" ")),
    ),
    maybe(neutralTest),
  )
  .map((words) => words.filter((word) => word.trim() !== "").join(" "));

/** Chains that may be called from chain number `from`: later ones, as the kernel allows no circles. */
const called = (from: number, chains: number): readonly string[] =>
  Array.from({ length: chains - from - 1 }, (_, i) => `c${from + 1 + i}`);

const verdict = (from: number, chains: number): Text => {
  const targets = called(from, chains);
  const calls = targets.length > 0 ? [join(pick("jump ", "goto "), pick(...targets))] : [];
  return fc.oneof(
    pick("accept", "drop", "return", "reject", "counter", "accept", "drop"),
    ...calls,
    ...calls,
  );
};

const mapRule = (from: number, chains: number): Text => {
  const map = (key: Text, max = 3): Text =>
    fc
      .uniqueArray(
        fc.tuple(
          key,
          verdict(from, chains).filter((words) => words !== "reject" && words !== "counter"),
        ),
        {
          selector: ([one]) => one,
          minLength: 1,
          maxLength: max,
        },
      )
      .map((entries) => `{ ${entries.map(([one, words]) => `${one} : ${words}`).join(", ")} }`);
  return fc.oneof(
    join("ct state vmap ", map(pick("new", "established", "related"))),
    join("iifname vmap ", map(pick('"vsw-nat"', '"eth0"', '"docker0"'))),
    join("tcp dport vmap ", map(fc.oneof(port, pick("100-400")))),
    join("ip daddr . tcp dport vmap ", map(join(pick(...addresses.ip), " . ", port))),
    join("ip saddr vmap ", map(pick(...disjoint.ip))),
    join("meta l4proto vmap ", map(pick("tcp", "udp", "icmp"))),
    join("ip daddr . meta l4proto . th dport @listed ", pick("accept", "drop")),
  );
};

/** "counter" as a verdict and "reject" must not be followed, tests may be several. */
const rule = (from: number, chains: number): Text =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: join(tests, " ", verdict(from, chains)),
    },
    { weight: 1, arbitrary: mapRule(from, chains) },
  );

const chain = (number: number, chains: number, head: Text): Text =>
  fc
    .tuple(head, fc.array(rule(number, chains), { maxLength: 5 }))
    .map(
      ([first, rules]) =>
        `chain c${number} {\n  ${[first, ...rules].filter((line) => line !== "").join("\n  ")}\n}`,
    );

const base = (hook: string): Text =>
  join(
    `type filter hook ${hook} priority `,
    pick("-150", "0", "10"),
    "; policy ",
    pick("accept", "accept", "drop"),
    ";",
  );

const sets = `set friends { type ipv4_addr; flags interval; elements = { 10.1.0.0/29, 198.51.100.64-198.51.100.255 } }
set friends6 { type ipv6_addr; elements = { fd00:1::2, 2001:db8:2::200 } }
set services { type inet_service; flags interval; elements = { 22, 80-443 } }
set bridges { type ifname; elements = { "vsw-nat", "docker0" } }
set listed { type ipv4_addr . inet_proto . inet_service; flags interval; elements = { 198.51.100.0/25 . tcp . 80-443, 10.1.0.2 . udp . 53 } }`;

/** Two base chains and up to three that are called. */
export const ruleSet: Text = fc
  .tuple(fc.nat(3), pick("prerouting", "forward", "postrouting"))
  .chain(([more, hook]) => {
    const count = 2 + more;
    const heads = [base("forward"), base(hook)];
    const bodies = Array.from({ length: count }, (_, i) => chain(i, count, heads[i] ?? fc.constant("")));
    return fc.tuple(...bodies).map((all) => {
      // A base chain cannot be called, and the kernel does not reject behind routing.
      const allowed = all.map((text) => text.replaceAll(/(jump|goto) c1\b/g, "accept"));
      const possible =
        hook === "postrouting" ? allowed.map((text) => text.replaceAll("reject", "drop")) : allowed;
      // Chains that are called come first, or nft does not know them.
      return `table inet fw {\n${sets}\n${possible.reverse().join("\n")}\n}`;
    });
  });

const packet: fc.Arbitrary<Omit<Passing, "sourcePort">> = fc
  .record({
    from: pick<Passing["from"]>("left", "right"),
    v6: fc.boolean(),
    left: fc.nat(2),
    right: fc.nat(2),
    protocol: pick<Passing["protocol"]>("tcp", "tcp", "udp", "icmp"),
    destinationPort: pick(...ports),
    state: pick<Passing["state"]>("new", "new", "established"),
  })
  .map(({ from, v6: isV6, left, right, ...rest }) => {
    const pool = isV6 ? v6 : v4;
    const [a, b] = [pool.left[left] ?? "", pool.right[right] ?? ""];
    return { ...rest, from, source: from === "left" ? a : b, destination: from === "left" ? b : a };
  });

export const passing: fc.Arbitrary<readonly Passing[]> = fc
  .array(packet, { minLength: 20, maxLength: 20 })
  .map((packets) => packets.map((one, i) => ({ ...one, sourcePort: firstPort + i })));
