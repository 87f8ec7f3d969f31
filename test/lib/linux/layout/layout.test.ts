import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { baseTable, decodeLayoutVersion, getBaseTable } from "../../../../lib/linux/layout/base-table.ts";
import { layoutChains } from "../../../../lib/linux/layout/chains.ts";
import { RULE_COUNTS } from "../../../../lib/linux/layout/damage.ts";
import { formatLayout } from "../../../../lib/linux/layout/format-layout.ts";
import { layoutSet, layoutSetNames } from "../../../../lib/linux/layout/sets.ts";
import {
  LAYOUT_TABLE,
  LAYOUT_VERSION,
  layoutComment,
  parseLayoutComment,
} from "../../../../lib/linux/layout/table.ts";
import { createTable } from "../../../../lib/netlink/nft/table.ts";

const approved = readFileSync(join(import.meta.dirname, "../../../golden/nft/layout.nft"), "utf8");
const terms = layoutChains().flatMap(({ rules }) => rules.flatMap((rule) => rule.terms));

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

  it("jumps to chains that it has", () => {
    const names = layoutChains().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { words } of terms) if (words.startsWith("jump ")) expect(names).toContain(words.slice(5));
  });

  it("tells how many rules each of its chains has", () => {
    expect(RULE_COUNTS).toEqual(
      Object.fromEntries(layoutChains().map(({ name, rules }) => [name, rules.length])),
    );
  });

  it("is created in one transaction, the table first and so that a second one fails", () => {
    const titles = baseTable().map(({ title }) => title);
    expect(titles[0]).toBe('create table inet vswitch { comment "vswitch-cni, layout 1"; }');
    expect(titles.slice(1).filter((title) => !title.startsWith("add "))).toEqual([]);
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
