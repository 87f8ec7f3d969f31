import { describe, expect, test } from "vitest";
import type { ForeignChain, ForeignRule } from "../../../../lib/model/foreign.ts";
import { foreignFirewall } from "../../../../plugins/vswitch/doctor/checks/foreign-firewall.ts";
import { network, scene } from "../graph/scenes.ts";
import { db, findings, nat, web } from "./patients.ts";

const forward = (
  table: string,
  chain: string,
  policy: "accept" | "drop",
  ...rules: ForeignRule[]
): ForeignChain => ({
  table,
  chain,
  base: { type: "filter", hook: "forward", priority: 0, policy },
  rules,
});
const beside = (table: string, chain: string, ...rules: ForeignRule[]): ForeignChain => ({
  table,
  chain,
  rules,
});
const rule = (
  text: string,
  verdict: ForeignRule["verdict"],
  ...conditions: ForeignRule["conditions"][number][]
): ForeignRule => ({ text, verdict, conditions });
const jump = (chain: string) => rule(`jump ${chain}`, { kind: "jump", chain });
const accept = (kind: "in" | "out", name: string) =>
  rule(`${kind} ${name} accept`, { kind: "accept" }, { kind, interface: name });

const find = (...foreign: ForeignChain[]) =>
  findings(foreignFirewall, { scene: scene([nat], [web, db], { foreign }) });

describe("a firewall that drops what networks forward", () => {
  test("is named, with what it drops, why, and the command for each direction", async () => {
    expect(await find(forward("ip filter", "FORWARD", "drop"))).toEqual([
      "error: iptables drops packets of network nat",
      "  dropped: what its containers send out (IPv4)",
      "  dropped: the answers to its containers (IPv4)",
      "  dropped: connections to its published ports (IPv4)",
      "  the policy of ip filter FORWARD is drop",
      "  $ iptables -I FORWARD -i vsw-nat -j ACCEPT",
      "  $ iptables -I FORWARD -o vsw-nat -j ACCEPT",
    ]);
  });

  test.each([
    [
      "Docker",
      [forward("ip6 filter", "FORWARD", "drop", jump("DOCKER-USER")), beside("ip6 filter", "DOCKER-USER")],
      ["ip6tables -I DOCKER-USER -i vsw-nat -j ACCEPT", "ip6tables -I DOCKER-USER -o vsw-nat -j ACCEPT"],
    ],
    [
      "ufw",
      [
        forward("ip filter", "FORWARD", "drop", jump("ufw-user-forward")),
        beside("ip filter", "ufw-user-forward"),
      ],
      ["ufw route allow in on vsw-nat", "ufw route allow out on vsw-nat"],
    ],
    [
      "ufw",
      [
        forward("ip filter", "FORWARD", "drop", jump("DOCKER-USER")),
        beside("ip filter", "DOCKER-USER"),
        beside("ip filter", "ufw-user-forward"),
      ],
      ["ufw route allow in on vsw-nat", "ufw route allow out on vsw-nat"],
    ],
    [
      "Docker",
      [
        forward("ip filter", "FORWARD", "accept", jump("DOCKER-FORWARD")),
        beside("ip filter", "DOCKER-FORWARD", rule("drop", { kind: "drop" })),
        beside("ip filter", "DOCKER-USER"),
        beside("ip filter", "ufw-user-forward"),
      ],
      ["iptables -I DOCKER-USER -i vsw-nat -j ACCEPT", "iptables -I DOCKER-USER -o vsw-nat -j ACCEPT"],
    ],
    [
      "iptables",
      [forward("ip mangle", "FORWARD", "drop")],
      [
        "iptables -t mangle -I FORWARD -i vsw-nat -j ACCEPT",
        "iptables -t mangle -I FORWARD -o vsw-nat -j ACCEPT",
      ],
    ],
    [
      "ip6tables-legacy",
      [forward("ip6 mangle (legacy)", "FORWARD", "drop")],
      [
        "ip6tables-legacy -t mangle -I FORWARD -i vsw-nat -j ACCEPT",
        "ip6tables-legacy -t mangle -I FORWARD -o vsw-nat -j ACCEPT",
      ],
    ],
    [
      "the table ip filter",
      [forward("ip filter", "FORWARD", "accept"), forward("ip filter", "mine", "drop")],
      [
        "nft insert rule ip filter mine iifname vsw-nat accept",
        "nft insert rule ip filter mine oifname vsw-nat accept",
      ],
    ],
    [
      "firewalld",
      [
        forward(
          "inet firewalld",
          "filter_FORWARD",
          "accept",
          jump("filter_FORWARD_POLICIES"),
          rule("reject", { kind: "drop" }),
        ),
        beside("inet firewalld", "filter_FORWARD_POLICIES"),
      ],
      ["firewall-cmd --zone=trusted --change-interface=vsw-nat"],
    ],
    [
      "the table inet filter",
      [forward("inet filter", "forward", "drop")],
      [
        "nft insert rule inet filter forward iifname vsw-nat accept",
        "nft insert rule inet filter forward oifname vsw-nat accept",
      ],
    ],
  ] as const)("%s", async (name, chains, commands) => {
    const found = await find(...chains);
    expect(found[0]).toBe(`error: ${name} drops packets of network nat`);
    expect(found.filter((line) => line.startsWith("  $ "))).toEqual(
      commands.map((command) => `  $ ${command}`),
    );
  });

  test("is told only of the direction that it drops, and not at all where it lets the switch pass", async () => {
    const half = forward("ip filter", "FORWARD", "drop", accept("in", "vsw-nat"));
    expect((await find(half)).filter((line) => line.startsWith("  $ "))).toEqual([
      "  $ iptables -I FORWARD -o vsw-nat -j ACCEPT",
    ]);
    expect(
      await find(forward("ip filter", "FORWARD", "drop", accept("in", "vsw-*"), accept("out", "vsw-nat"))),
    ).toEqual([]);
    expect(await find(forward("ip filter", "FORWARD", "accept"))).toEqual([]);
  });

  test("is asked about each network by itself", async () => {
    const other = network("other", { gateways: ["10.62.0.1/24"] });
    const foreign = [
      forward("ip filter", "FORWARD", "drop", accept("in", "vsw-nat"), accept("out", "vsw-nat")),
    ];
    const found = await findings(foreignFirewall, { scene: scene([nat, other], [web], { foreign }) });
    expect(found.filter((line) => line.startsWith("error"))).toEqual([
      "error: iptables drops packets of network other",
    ]);
  });

  test("sees frames between containers too, where br_netfilter shows it them", async () => {
    const foreign = [forward("ip filter", "FORWARD", "drop")];
    const sysctls = { "bridge/bridge-nf-call-iptables": "1" };
    const found = await findings(foreignFirewall, { scene: scene([nat], [web, db], { foreign }), sysctls });
    expect(found).toContain("  dropped: what its containers send each other (IPv4)");
  });

  test("that drops by its policy what no rule lets pass that is understood is a warning", async () => {
    const marked = rule(
      "meta mark & 0x4000 == 0x4000 accept",
      { kind: "accept" },
      { kind: "unknown", text: "meta mark" },
    );
    const found = await find(forward("ip filter", "FORWARD", "drop", marked));
    expect(found[0]).toBe("warning: iptables probably drops packets of network nat");
    expect(found).toContain("  $ iptables -I FORWARD -i vsw-nat -j ACCEPT");
  });

  test("that is not understood in full is worth knowing", async () => {
    const odd = rule("meta random & 1 == 0 drop", { kind: "drop" }, { kind: "unknown", text: "meta random" });
    expect(await find(forward("inet odd", "forward", "accept", odd))).toEqual([
      "note: rules of other programs may drop packets of nat: they are not understood in full",
      "  inet odd forward: meta random & 1 == 0 drop",
    ]);
  });
});
