/**
 * Writes requests.txt and replies.txt: what nft sends for each command below and what the kernel answers.
 *
 * Run it in a network namespace of its own, with nft and strace installed:
 *   unshare -n bun test/golden/nft/capture.ts
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { align4, readU16 } from "../../../lib/netlink/bytes.ts";
import { decodeMessages, type Message } from "../../../lib/netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES } from "../../../lib/netlink/nfnetlink.ts";

const NFT_MSG_NEWGEN = 15;

/** Each on the state that those before it left. */
const changes = [
  'add table inet t { comment "ours, version 1"; }',
  "add table ip6 bare",
  "create table ip6 fresh",
  "delete table ip6 fresh",
  "add chain inet t c",
  'add chain inet t noted { comment "whose"; }',
  "add chain inet t pre { type nat hook prerouting priority -100; policy accept; }",
  "add chain inet t thru { type filter hook forward priority 0; policy drop; }",
  "add chain inet t post { type nat hook postrouting priority 100; policy accept; }",
  'add set inet t names { type ifname; size 100; comment "bridges"; }',
  "add set inet t nets { type ipv4_addr; flags interval; }",
  "add set inet t nets6 { type ipv6_addr; flags interval; }",
  "add set inet t protocols { type inet_proto; }",
  "add set inet t macs { type ether_addr; }",
  'add set inet t pairs { type ipv4_addr . ipv4_addr; flags interval; comment "from . to"; }',
  "add set inet t guard { type ifname . ether_addr . ipv4_addr; }",
  "add set inet t services { type inet_proto . inet_service; flags interval; }",
  "add map inet t ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }",
  "add map inet t ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }",
  "add map inet t marks { type ipv4_addr : mark; }",
  "add map inet t verdicts { type ipv4_addr : verdict; }",
  "add map inet t rings { type ifname . ether_addr : verdict; flags interval; }",
  "add set inet t flows { type ifname . inet_proto . ipv4_addr . inet_service . inet_service; size 1000; flags dynamic,timeout; timeout 2m; }",
  "add set inet t drops { type ifname; counter; }",
  "add map inet t judged { type ifname . inet_proto . ipv4_addr . inet_service . inet_service : verdict; flags interval; }",
  'add element inet t names { "br0" comment "network one" }',
  // Into an empty set nft also puts an end at 0, unless the range begins there. The kernel does not need it.
  "add element inet t nets { 0.0.0.0/8 }",
  "add element inet t nets { 10.0.0.0/8 }",
  'add element inet t nets { 240.0.0.0/4 comment "to the end" }',
  'add element inet t nets { 192.0.2.1 comment "one" }',
  "add element inet t nets6 { ::/16 }",
  "add element inet t nets6 { 2001:db8::/32 }",
  'add element inet t drops { "vp1" comment "whose" }',
  'add element inet t judged { "vp1" . 0-255 . 10.0.0.0/8 . 0-65535 . 80-90 : jump c }',
  "add element inet t protocols { tcp, 99 }",
  "add element inet t macs { 02:00:00:00:00:01 }",
  'add element inet t pairs { 10.0.0.0/8 . 10.1.0.0/16 comment "é", 192.0.2.1 . 0.0.0.0/0 }',
  'add element inet t guard { "vp1" . 02:00:00:00:00:01 . 192.0.2.7 }',
  "add element inet t services { tcp . 80-90, udp . 53 }",
  'add element inet t ports { 192.0.2.1 . tcp . 80 comment "web" : 172.30.0.2 . 8080 }',
  "add element inet t ports6 { sctp . 9 : 2001:db8::7 . 99 }",
  "add element inet t marks { 192.0.2.9 : 5 }",
  "add element inet t verdicts { 192.0.2.1 : jump c, 192.0.2.2 : drop }",
  "create element inet t protocols { udp }",
  "delete element inet t protocols { udp }",
  "delete element inet t nets { 10.0.0.0/8 }",
  "delete element inet t pairs { 192.0.2.1 . 0.0.0.0/0 }",
  "get element inet t ports { 192.0.2.1 . tcp . 80 }",
  "get element inet t nets { 0.0.0.0/8 }",
  "add rule inet t pre dnat ip to ip daddr . meta l4proto . th dport map @ports",
  "add rule inet t pre dnat ip6 to meta l4proto . th dport map @ports6",
  'add rule inet t pre fib daddr type local jump c comment "é"',
  "add rule inet t pre meta l4proto tcp dnat ip to 192.0.2.1:80",
  "add rule inet t post ct status dnat masquerade",
  "add rule inet t post masquerade random",
  "add rule inet t post snat ip to 192.0.2.1-192.0.2.3",
  "add rule inet t thru ip saddr 127.0.0.0/8 oifname != @names drop",
  "add rule inet t thru ip daddr != 224.0.0.0/4 counter accept",
  "add rule inet t thru ip saddr vmap @verdicts",
  "add rule inet t thru ct state established,related return",
  "add rule inet t c meta mark set 7",
  "add rule inet t c update @flows { iifname . meta l4proto . ip daddr . th sport . th dport timeout 2h4m }",
  "add rule inet t c frag nexthdr tcp accept",
  "add rule inet t c udp dport 4789 notrack",
  "flush chain inet t noted",
] as const;

const questions = [
  "list table inet t",
  "get element inet t nets { 0.0.0.0/8 }",
  "get element inet t ports { 192.0.2.1 . tcp . 80 }",
] as const;

interface Exchange {
  readonly sent: readonly Message[];
  readonly received: readonly Message[];
}

/** Messages that are about nf_tables; not the frame of a batch, acknowledgements and ends of dumps. */
function ours(datagrams: readonly Uint8Array[]): readonly Message[] {
  return datagrams.flatMap(decodeMessages).filter(({ type }) => type >> 8 === NFNL_SUBSYS_NFTABLES);
}

function runNft(command: string, log: string): Exchange {
  const trace = ["-e", "trace=sendmsg,sendto,recvmsg", "-e", "write=all", "-e", "read=all", "-s", "8"];
  const { status, stderr } = spawnSync("strace", [...trace, "-o", log, "nft", command], { encoding: "utf8" });
  if (status !== 0) throw new Error(`nft ${command}: ${stderr}`);
  return readTrace(readFileSync(log, "utf8"));
}

/** strace prints a call and below it the bytes, in the form of `hexdump -C`. */
function readTrace(log: string): Exchange {
  const sent: Uint8Array[] = [];
  const received: Uint8Array[] = [];
  for (const call of log.split(/^(?=[a-z])/m)) {
    const rows = [...call.matchAll(/^ \| [0-9a-f]+ {2}([0-9a-f ]{48})/gm)].map((row) => row[1]);
    const bytes = Uint8Array.from(Buffer.from(rows.join("").replaceAll(" ", ""), "hex"));
    if (bytes.length) (call.startsWith("recv") ? received : sent).push(bytes);
  }
  return { sent: ours(sent), received: ours(received) };
}

/** nft reads the whole rule set before it changes anything; what belongs to the command itself comes after that. */
function isCommand({ type, flags }: Message): boolean {
  const message = type & 0xff;
  const reads = [1, 4, 7, 10, 13, 16, 19, 23].includes(message);
  return !reads || (message === 13 && (flags & 0x300) === 0);
}

/** What nft reads before the question itself ends with the last answer about the generation, but in a list. */
function answers(command: string, received: readonly Message[]): readonly Message[] {
  const isGeneration = ({ type }: Message): boolean => (type & 0xff) === NFT_MSG_NEWGEN;
  return command.startsWith("list") ? received : received.slice(received.findLastIndex(isGeneration) + 1);
}

/** libnftnl leaves the padding between attributes to chance. */
function clean(payload: Uint8Array): Uint8Array {
  const cleaned = Uint8Array.from(payload);
  for (let at = 4; at < cleaned.length; ) {
    const end = at + readU16(cleaned, at);
    at = align4(end);
    cleaned.fill(0, end, at);
  }
  return cleaned;
}

function format(command: string, messages: readonly Message[]): string {
  const lines = messages.map(
    ({ type, flags, payload }) =>
      `${type.toString(16)} ${flags.toString(16)} ${Buffer.from(clean(payload)).toString("hex")}`,
  );
  return [`# nft '${command}'`, ...lines, ""].join("\n");
}

const folder = mkdtempSync(join(tmpdir(), "capture-"));
const log = join(folder, "trace");
const requests = changes.map((command) => format(command, runNft(command, log).sent.filter(isCommand)));
const replies = questions.map((command) => format(command, answers(command, runNft(command, log).received)));
rmSync(folder, { recursive: true });
writeFileSync(join(import.meta.dirname, "requests.txt"), requests.join("\n"));
writeFileSync(join(import.meta.dirname, "replies.txt"), replies.join("\n"));
