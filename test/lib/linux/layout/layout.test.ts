import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { baseTable, decodeLayoutVersion, getBaseTable } from "../../../../lib/linux/layout/base-table.ts";
import { layoutChains } from "../../../../lib/linux/layout/chains.ts";
import { RULE_COUNTS } from "../../../../lib/linux/layout/damage.ts";
import { formatLayout } from "../../../../lib/linux/layout/format-layout.ts";
import type { LayoutChain } from "../../../../lib/linux/layout/layout-chain.ts";
import {
  endpointSetNames,
  isOfPort,
  judgeSetNames,
  layoutSet,
  layoutSetNames,
  networkSetNames,
  stateSetNames,
} from "../../../../lib/linux/layout/sets.ts";
import {
  LAYOUT_TABLE,
  LAYOUT_VERSION,
  layoutComment,
  parseLayoutComment,
} from "../../../../lib/linux/layout/table.ts";
import { createTable } from "../../../../lib/netlink/nft/table.ts";

const approved = readFileSync(join(import.meta.dirname, "../../../golden/nft/layout.nft"), "utf8");
const terms = layoutChains().flatMap(({ rules }) => rules.flatMap((rule) => rule.terms));

const chainOf = (wanted: string, name: string): LayoutChain | undefined =>
  layoutChains().find((chain) => (chain.family ?? "inet") === wanted && chain.name === name);
const watchedOf = (family: string): Readonly<Record<string, number>> =>
  Object.entries(RULE_COUNTS).find(([name]) => name === family)?.[1] ?? {};

describe("the layout", () => {
  it("is the approved one; a change of it raises its version", () => {
    expect(formatLayout()).toBe(approved);
    expect(approved).toContain(`comment "vswitch-cni, layout ${LAYOUT_VERSION}"`);
  });

  it("looks up each set with the key that it has", () => {
    const lookups = terms.flatMap(({ lookup }) => lookup ?? []);
    for (const { set, key } of lookups) expect({ set, key }).toEqual({ set, key: layoutSet(set).key });
    expect(new Set(lookups.map(({ set }) => set))).toEqual(new Set(layoutSetNames));
  });

  it("has sets of networks, of endpoints, and such that rules fill: each is one of these", () => {
    const all = [...networkSetNames, ...endpointSetNames, ...judgeSetNames, ...stateSetNames];
    expect(all.toSorted()).toEqual(layoutSetNames.toSorted());
    expect(stateSetNames.every((name) => layoutSet(name).timeoutMs !== undefined)).toBe(true);
    // By these DEL finds its own without a look at whose they are.
    for (const name of endpointSetNames)
      expect({ name, of: isOfPort(name) }).toEqual({ name, of: layoutSet(name).key[0] === "ifname" });
  });

  it("jumps to chains that it has", () => {
    const names = layoutChains().map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    for (const { words } of terms) if (words.startsWith("jump ")) expect(names).toContain(words.slice(5));
  });

  it("counts the rules of the chains that are looked at with each call", () => {
    for (const [family, watched] of Object.entries(RULE_COUNTS)) {
      const counts = Object.keys(watched).map((name) => [name, chainOf(family, name)?.rules.length]);
      expect({ family, ...Object.fromEntries(counts) }).toEqual({ family, ...watched });
    }
  });

  it("looks at each chain that the kernel runs by itself", () => {
    const run = layoutChains().filter(({ base }) => base !== undefined);
    for (const { family = "inet", name } of run) {
      expect(Object.keys(watchedOf(family)), `${family} ${name}`).toContain(name);
    }
  });

  it("ends each chain that is gone to by a verdict, or lets it pass on", () => {
    const all = layoutChains().map(({ family = "inet", name }) => `${family} ${name}`);
    for (const { family = "inet", name, rules } of layoutChains()) {
      const words = rules.flatMap((rule) => rule.terms.map((term) => term.words));
      const next = words.flatMap((word) => /^(?:jump|goto) (\S+)$/.exec(word)?.[1] ?? []);
      expect(all, `${family} ${name}`).toEqual(expect.arrayContaining(next.map((one) => `${family} ${one}`)));
      // What a chain drops it counts before: two rules, since the set may lack the port.
      const last = rules.at(-1)?.terms.map((term) => term.words);
      if (rules.some((rule) => rule.terms.some(({ words: text }) => text.includes("@dropped_acl"))))
        expect(last).toEqual(["drop"]);
    }
  });

  it("is created in one transaction, the table first and so that a second one fails", () => {
    const titles = baseTable().map(({ title }) => title);
    expect(titles.filter((title) => !title.startsWith("add "))).toEqual([
      `create table inet vswitch { comment "vswitch-cni, layout ${LAYOUT_VERSION}"; }`,
      `create table bridge vswitch { comment "vswitch-cni, layout ${LAYOUT_VERSION}"; }`,
    ]);
    expect(titles[0]).toMatch(/^create table inet/);
    expect(titles).toContain(
      "add rule inet vswitch publish dnat ip to meta l4proto . th dport map @published4_any",
    );
    expect(titles).toContain(
      'add map inet vswitch published4_any { type inet_proto . inet_service : ipv4_addr . inet_service; comment "published on every host address"; }',
    );
  });

  it("tells its version by the comment of its table", () => {
    const reply = (comment?: string) => ({
      ...createTable({ ...LAYOUT_TABLE, ...(comment !== undefined && { comment }) }),
    });
    expect(decodeLayoutVersion(reply(layoutComment()))).toBe(LAYOUT_VERSION);
    expect(decodeLayoutVersion(reply(layoutComment(42)))).toBe(42);
    expect(decodeLayoutVersion(reply("somebody's"))).toBeUndefined();
    expect(decodeLayoutVersion(reply())).toBeUndefined();
    expect(parseLayoutComment("vswitch-cni, layout 1 or so")).toBeUndefined();
    expect(getBaseTable().title).toBe("list table inet vswitch");
  });
});
