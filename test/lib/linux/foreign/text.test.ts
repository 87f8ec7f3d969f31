import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readForeignChains, readForeignTables } from "../../../../lib/linux/foreign/read-foreign.ts";
import type { Netlink } from "../../../../lib/netlink/connection.ts";
import { createHost, type Host } from "../../../system/host.ts";
import { whyNoNamespaces } from "../../../system/namespaces.ts";
import { netfilterIn } from "../layout/netfilter-in.ts";

const reason = whyNoNamespaces();

/** Rules whose words come out as they went in. */
const same = [
  'iifname "eth0" oifname != "docker0" accept',
  'iifname "vsw-*" jump sub',
  'iifname { "br0", "docker0" } accept',
  "ip saddr 10.0.0.0/8 ip daddr != 10.1.0.0/16 drop",
  "ip saddr 10.0.0.1-10.0.0.9 drop",
  "ip saddr { 10.0.0.0/8, 192.168.1.1 } accept",
  "ip6 daddr fd00::/8 drop",
  "ip saddr @friends accept",
  "ip protocol tcp accept",
  "ip daddr . tcp dport vmap { 10.0.0.1 . 80 : drop, 10.0.0.2 . 81 : jump sub }",
  "tcp dport 80 accept",
  "tcp dport { 22, 80-90 } accept",
  "udp sport != 53 return",
  "tcp dport != 100-200 goto sub",
  "tcp sport 5 tcp dport 6 drop",
  "meta l4proto { tcp, udp } th dport 53 accept",
  "meta l4proto != tcp accept",
  "ct state established,related accept",
  "ct state vmap { established : accept, related : accept }",
  "ct status dnat accept",
  "tcp flags syn / fin,syn,rst,ack drop",
  "tcp dport 22 ct state new limit rate 10/minute accept",
  "meta nfproto ipv6 drop",
  'tcp dport 443 accept comment "web"',
  "reject",
];

describe.skipIf(reason !== undefined)(`foreign rules in words${reason ? ` (${reason})` : ""}`, () => {
  let host: Host;
  let rules: Netlink;
  beforeAll(async () => {
    host = await createHost({ uplink: false });
    rules = netfilterIn(host.ns);
  }, 60_000);
  afterAll(async () => {
    rules?.close();
    await host?.close();
  });
  const load = (text: string) => host.run(host.ns, ["nft", "-f", "-"], { input: `flush ruleset\n${text}` });
  const texts = () =>
    readForeignChains(rules).flatMap(({ rules: all }) => [...new Set(all.map(({ text }) => text))]);

  it("are those that nft prints", async () => {
    const set =
      "set friends { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.1.1-192.168.1.20 } }";
    const hook = "type filter hook forward priority 0; policy accept;";
    await load(`table inet fw { ${set}\n chain sub {\n}\nchain c { ${hook}\n${same.join("\n")}\n}\n}`);
    const chains = readForeignChains(rules);
    const text = [...new Set(chains.find(({ chain }) => chain === "c")?.rules.map((one) => one.text))];
    expect(text).toEqual(same);
  });

  it("leave out ours, tables that sleep, and families of no concern", async () => {
    const drop = "chain c {\n type filter hook forward priority 0; policy drop;\n}";
    await load(`table inet vswitch {\n${drop}\n}
      table inet vswitch_live {\n${drop}\n}
      table bridge vswitch {\n${drop}\n}
      table ip vswitch {\n${drop}\n}
      table ip sleeping {\n flags dormant;\n${drop}\n}
      table netdev fast {\n}
      table arp a {\n}`);
    expect(readForeignChains(rules).map(({ table, chain }) => `${table} ${chain}`)).toEqual(["ip vswitch c"]);
  });

  it("bear the handles by which a trace of the kernel names them", async () => {
    await load(
      "table ip fw {\nchain c {\ntcp dport 80 drop\nip saddr vmap { 10.0.0.1 : drop, 10.0.0.2 : accept }\n}\n}",
    );
    const listed = await host.exec(host.ns, "nft", "-a", "list", "chain", "ip", "fw", "c");
    const handles = [...listed.matchAll(/(?:drop|\}) # handle (\d+)/g)].map(([, handle]) =>
      BigInt(handle ?? 0),
    );
    const [table] = readForeignTables(rules);
    expect(table?.rules.map(({ handle }) => handle)).toEqual(handles);
    expect(table?.rules.map(({ meaning }) => meaning.length)).toEqual([1, 2]);
  });

  it("keep what is not understood as text, and the rest of the rule", async () => {
    await load(`table inet fw {
      set seen {\n type ipv4_addr; flags dynamic; timeout 1m;\n}
      chain c {
        meta mark 0x5 tcp dport 80 drop
        meta skuid 0 accept
        fib daddr type local accept
        ip dscp cs1 drop
        ip saddr & 255.255.0.255 == 10.0.0.1 drop
        tcp dport 22 add @seen { ip saddr limit rate over 10/minute } drop
        add @seen { ip saddr } accept
        ct mark set 5
        tcp option maxseg size set rt mtu
        log prefix "x" counter
      }
    }`);
    const [chain] = readForeignChains(rules);
    const told = chain?.rules.map(({ conditions, verdict }) => {
      const unknown = conditions.flatMap((one) => (one.kind === "unknown" ? [one.text] : []));
      return [...unknown, verdict.kind].join("; ");
    });
    expect(told).toEqual([
      "meta mark 0x5; drop",
      "meta skuid 0x0; accept",
      "fib daddr type local; accept",
      "@nh,8,8 & 0xfc == 0x20; drop",
      "ip saddr & 0xffff00ff == 0xa000001; drop",
      "a set with limits; drop",
      "accept",
      "continue",
      "continue",
      "continue",
    ]);
    expect(texts()[0]).toBe("meta mark 0x5 tcp dport 80 drop");
  });
});
