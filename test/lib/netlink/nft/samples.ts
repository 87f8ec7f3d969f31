/** The objects that the commands in test/golden/nft make, as our values. */
import type { Chain } from "../../../../lib/netlink/nft/chain.ts";
import type { Expression } from "../../../../lib/netlink/nft/expr/expression.ts";
import type { NftSet } from "../../../../lib/netlink/nft/set.ts";
import type { Table } from "../../../../lib/netlink/nft/table.ts";
import type { TypedElement } from "../../../../lib/netlink/nft/typed-element.ts";

const inTable = { family: "inet", table: "t" } as const;
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

export const tables: Readonly<Record<string, Table>> = {
  'add table inet t { comment "ours, version 1"; }': { ...inTable, comment: "ours, version 1" },
  "add table ip6 bare": { family: "ip6", table: "bare" },
};

export const chains: Readonly<Record<string, Chain>> = {
  "add chain inet t c": { ...inTable, chain: "c" },
  'add chain inet t noted { comment "whose"; }': { ...inTable, chain: "noted", comment: "whose" },
  "add chain inet t pre { type nat hook prerouting priority -100; policy accept; }": {
    ...inTable,
    chain: "pre",
    base: { type: "nat", hook: "prerouting", priority: -100, policy: "accept" },
  },
  "add chain inet t thru { type filter hook forward priority 0; policy drop; }": {
    ...inTable,
    chain: "thru",
    base: { type: "filter", hook: "forward", priority: 0, policy: "drop" },
  },
  "add chain inet t post { type nat hook postrouting priority 100; policy accept; }": {
    ...inTable,
    chain: "post",
    base: { type: "nat", hook: "postrouting", priority: 100, policy: "accept" },
  },
};

/** In the order of their creation: the n-th has id n for `add element`. */
export const sets: Readonly<Record<string, NftSet>> = {
  'add set inet t names { type ifname; size 100; comment "bridges"; }': {
    ...inTable,
    set: "names",
    key: ["ifname"],
    size: 100,
    comment: "bridges",
  },
  "add set inet t nets { type ipv4_addr; flags interval; }": {
    ...inTable,
    set: "nets",
    key: ["ipv4_addr"],
    interval: true,
  },
  "add set inet t nets6 { type ipv6_addr; flags interval; }": {
    ...inTable,
    set: "nets6",
    key: ["ipv6_addr"],
    interval: true,
  },
  "add set inet t protocols { type inet_proto; }": { ...inTable, set: "protocols", key: ["inet_proto"] },
  "add set inet t macs { type ether_addr; }": { ...inTable, set: "macs", key: ["ether_addr"] },
  'add set inet t pairs { type ipv4_addr . ipv4_addr; flags interval; comment "from . to"; }': {
    ...inTable,
    set: "pairs",
    key: ["ipv4_addr", "ipv4_addr"],
    interval: true,
    comment: "from . to",
  },
  "add set inet t guard { type ifname . ether_addr . ipv4_addr; }": {
    ...inTable,
    set: "guard",
    key: ["ifname", "ether_addr", "ipv4_addr"],
  },
  "add set inet t services { type inet_proto . inet_service; flags interval; }": {
    ...inTable,
    set: "services",
    key: ["inet_proto", "inet_service"],
    interval: true,
  },
  "add map inet t ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }": {
    ...inTable,
    set: "ports",
    key: ["ipv4_addr", "inet_proto", "inet_service"],
    data: ["ipv4_addr", "inet_service"],
  },
  "add map inet t ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }": {
    ...inTable,
    set: "ports6",
    key: ["inet_proto", "inet_service"],
    data: ["ipv6_addr", "inet_service"],
  },
  "add map inet t marks { type ipv4_addr : mark; }": {
    ...inTable,
    set: "marks",
    key: ["ipv4_addr"],
    data: ["mark"],
  },
  "add map inet t verdicts { type ipv4_addr : verdict; }": {
    ...inTable,
    set: "verdicts",
    key: ["ipv4_addr"],
    data: "verdict",
  },
  "add map inet t rings { type ifname . ether_addr : verdict; flags interval; }": {
    ...inTable,
    set: "rings",
    key: ["ifname", "ether_addr"],
    data: "verdict",
    interval: true,
  },
  "add set inet t flows { type ifname . inet_proto . ipv4_addr . inet_service . inet_service; size 1000; flags dynamic,timeout; timeout 2m; }":
    {
      ...inTable,
      set: "flows",
      key: ["ifname", "inet_proto", "ipv4_addr", "inet_service", "inet_service"],
      size: 1000,
      dynamic: true,
      timeoutMs: 120_000,
    },
  "add set inet t drops { type ifname; counter; }": {
    ...inTable,
    set: "drops",
    key: ["ifname"],
    counter: true,
  },
  "add map inet t judged { type ifname . inet_proto . ipv4_addr . inet_service . inet_service : verdict; flags interval; }":
    {
      ...inTable,
      set: "judged",
      key: ["ifname", "inet_proto", "ipv4_addr", "inet_service", "inet_service"],
      data: "verdict",
      interval: true,
    },
};

/** By command without its verb. */
export const elements: Readonly<Record<string, readonly TypedElement[]>> = {
  'names { "br0" comment "network one" }': [{ key: ["br0"], comment: "network one" }],
  "nets { 0.0.0.0/8 }": [{ key: ["0.0.0.0/8"] }],
  "nets { 10.0.0.0/8 }": [{ key: ["10.0.0.0/8"] }],
  'nets { 240.0.0.0/4 comment "to the end" }': [{ key: ["240.0.0.0/4"], comment: "to the end" }],
  'nets { 192.0.2.1 comment "one" }': [{ key: ["192.0.2.1/32"], comment: "one" }],
  "nets6 { ::/16 }": [{ key: ["::/16"] }],
  "nets6 { 2001:db8::/32 }": [{ key: ["2001:db8::/32"] }],
  'drops { "vp1" comment "whose" }': [{ key: ["vp1"], comment: "whose" }],
  'judged { "vp1" . 0-255 . 10.0.0.0/8 . 0-65535 . 80-90 : jump c }': [
    { key: ["vp1", "0-255", "10.0.0.0/8", "0-65535", "80-90"], data: ["jump c"] },
  ],
  "protocols { tcp, 99 }": [{ key: ["tcp"] }, { key: [99] }],
  "macs { 02:00:00:00:00:01 }": [{ key: ["02:00:00:00:00:01"] }],
  'pairs { 10.0.0.0/8 . 10.1.0.0/16 comment "é", 192.0.2.1 . 0.0.0.0/0 }': [
    { key: ["10.0.0.0/8", "10.1.0.0/16"], comment: "é" },
    { key: ["192.0.2.1/32", "0.0.0.0/0"] },
  ],
  'guard { "vp1" . 02:00:00:00:00:01 . 192.0.2.7 }': [{ key: ["vp1", "02:00:00:00:00:01", "192.0.2.7"] }],
  "services { tcp . 80-90, udp . 53 }": [{ key: ["tcp", "80-90"] }, { key: ["udp", 53] }],
  'ports { 192.0.2.1 . tcp . 80 comment "web" : 172.30.0.2 . 8080 }': [
    { key: ["192.0.2.1", "tcp", 80], data: ["172.30.0.2", 8080], comment: "web" },
  ],
  "ports6 { sctp . 9 : 2001:db8::7 . 99 }": [{ key: ["sctp", 9], data: ["2001:db8::7", 99] }],
  "marks { 192.0.2.9 : 5 }": [{ key: ["192.0.2.9"], data: [5] }],
  "verdicts { 192.0.2.1 : jump c, 192.0.2.2 : drop }": [
    { key: ["192.0.2.1"], data: ["jump c"] },
    { key: ["192.0.2.2"], data: ["drop"] },
  ],
  "protocols { udp }": [{ key: ["udp"] }],
  "pairs { 192.0.2.1 . 0.0.0.0/0 }": [{ key: ["192.0.2.1/32", "0.0.0.0/0"] }],
  "ports { 192.0.2.1 . tcp . 80 }": [{ key: ["192.0.2.1", "tcp", 80] }],
};

const ipOnly: readonly Expression[] = [
  { kind: "meta", key: "nfproto", register: 1 },
  { kind: "cmp", op: "eq", register: 1, value: hex("02") },
];
const saddr: Expression = { kind: "payload", base: "network", offset: 12, length: 4, register: 1 };
const daddr: Expression = { kind: "payload", base: "network", offset: 16, length: 4, register: 1 };

/** In the order of the commands; `setId` is what nft adds for a set it knows. */
export const rules: Readonly<
  Record<
    string,
    { readonly chain: string; readonly comment?: string; readonly expressions: readonly Expression[] }
  >
> = {
  "dnat ip to ip daddr . meta l4proto . th dport map @ports": {
    chain: "pre",
    expressions: [
      ...ipOnly,
      daddr,
      { kind: "meta", key: "l4proto", register: 9 },
      { kind: "payload", base: "transport", offset: 2, length: 2, register: 10 },
      { kind: "lookup", set: "ports", register: 1, target: 1, setId: 9 },
      { kind: "nat", type: "dnat", family: "ip", addressMin: 1, portMin: 9 },
    ],
  },
  "dnat ip6 to meta l4proto . th dport map @ports6": {
    chain: "pre",
    expressions: [
      { kind: "meta", key: "l4proto", register: 1 },
      { kind: "payload", base: "transport", offset: 2, length: 2, register: 9 },
      { kind: "lookup", set: "ports6", register: 1, target: 1, setId: 10 },
      { kind: "nat", type: "dnat", family: "ip6", addressMin: 1, portMin: 2 },
    ],
  },
  "fib daddr type local jump c": {
    chain: "pre",
    comment: "é",
    expressions: [
      { kind: "fib", result: "type", flags: 2, register: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("02000000") },
      { kind: "immediate", register: 0, data: { kind: "jump", chain: "c" } },
    ],
  },
  "meta l4proto tcp dnat ip to 192.0.2.1:80": {
    chain: "pre",
    expressions: [
      { kind: "meta", key: "l4proto", register: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("06") },
      { kind: "immediate", register: 1, data: hex("c0000201") },
      { kind: "immediate", register: 2, data: hex("0050") },
      { kind: "nat", type: "dnat", family: "ip", addressMin: 1, portMin: 2, flags: 2 },
    ],
  },
  "ct status dnat masquerade": {
    chain: "post",
    expressions: [
      { kind: "ct", key: "status", register: 1 },
      { kind: "bitwise", source: 1, target: 1, mask: hex("20000000"), xor: hex("00000000") },
      { kind: "cmp", op: "neq", register: 1, value: hex("00000000") },
      { kind: "masq" },
    ],
  },
  "masquerade random": { chain: "post", expressions: [{ kind: "masq", flags: 4 }] },
  "snat ip to 192.0.2.1-192.0.2.3": {
    chain: "post",
    expressions: [
      { kind: "immediate", register: 1, data: hex("c0000201") },
      { kind: "immediate", register: 2, data: hex("c0000203") },
      { kind: "nat", type: "snat", family: "ip", addressMin: 1, addressMax: 2 },
    ],
  },
  "ip saddr 127.0.0.0/8 oifname != @names drop": {
    chain: "thru",
    expressions: [
      ...ipOnly,
      { ...saddr, length: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("7f") },
      { kind: "meta", key: "oifname", register: 1 },
      { kind: "lookup", set: "names", register: 1, inverse: true, setId: 1 },
      { kind: "immediate", register: 0, data: { kind: "drop" } },
    ],
  },
  "ip daddr != 224.0.0.0/4 counter accept": {
    chain: "thru",
    expressions: [
      ...ipOnly,
      daddr,
      { kind: "bitwise", source: 1, target: 1, mask: hex("f0000000"), xor: hex("00000000") },
      { kind: "cmp", op: "neq", register: 1, value: hex("e0000000") },
      { kind: "counter" },
      { kind: "immediate", register: 0, data: { kind: "accept" } },
    ],
  },
  "ip saddr vmap @verdicts": {
    chain: "thru",
    expressions: [...ipOnly, saddr, { kind: "lookup", set: "verdicts", register: 1, target: 0, setId: 12 }],
  },
  "ct state established,related return": {
    chain: "thru",
    expressions: [
      { kind: "ct", key: "state", register: 1 },
      { kind: "bitwise", source: 1, target: 1, mask: hex("06000000"), xor: hex("00000000") },
      { kind: "cmp", op: "neq", register: 1, value: hex("00000000") },
      { kind: "immediate", register: 0, data: { kind: "return" } },
    ],
  },
  "meta mark set 7": {
    chain: "c",
    expressions: [
      { kind: "immediate", register: 1, data: hex("07000000") },
      { kind: "meta", key: "mark", register: 1, set: true },
    ],
  },
  "update @flows { iifname . meta l4proto . ip daddr . th sport . th dport timeout 2h4m }": {
    chain: "c",
    expressions: [
      ...ipOnly,
      { kind: "meta", key: "iifname", register: 1 },
      { kind: "meta", key: "l4proto", register: 2 },
      { ...daddr, register: 13 },
      { kind: "payload", base: "transport", offset: 0, length: 2, register: 14 },
      { kind: "payload", base: "transport", offset: 2, length: 2, register: 15 },
      { kind: "dynset", op: "update", set: "flows", register: 1, timeoutMs: 7_440_000, setId: 14 },
    ],
  },
  "frag nexthdr tcp accept": {
    chain: "c",
    expressions: [
      { kind: "meta", key: "nfproto", register: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("0a") },
      { kind: "exthdr", header: 44, offset: 0, length: 1, register: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("06") },
      { kind: "immediate", register: 0, data: { kind: "accept" } },
    ],
  },
  "udp dport 4789 notrack": {
    chain: "c",
    expressions: [
      { kind: "meta", key: "l4proto", register: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("11") },
      { kind: "payload", base: "transport", offset: 2, length: 2, register: 1 },
      { kind: "cmp", op: "eq", register: 1, value: hex("12b5") },
      { kind: "notrack" },
    ],
  },
};
