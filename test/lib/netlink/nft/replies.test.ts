import { describe, expect, it } from "vitest";
import { getText } from "../../../../lib/netlink/attr.ts";
import type { Reply } from "../../../../lib/netlink/message.ts";
import { decodeChain } from "../../../../lib/netlink/nft/chain.ts";
import { decodeElements } from "../../../../lib/netlink/nft/element.ts";
import type { Expression } from "../../../../lib/netlink/nft/expr/expression.ts";
import { decodeGeneration } from "../../../../lib/netlink/nft/generation.ts";
import { decodeNft } from "../../../../lib/netlink/nft/message.ts";
import { decodeRule } from "../../../../lib/netlink/nft/rule.ts";
import { decodeSet } from "../../../../lib/netlink/nft/set.ts";
import { decodeTable } from "../../../../lib/netlink/nft/table.ts";
import { decodeTypedElements, type TypedElement } from "../../../../lib/netlink/nft/typed-element.ts";
import { readGolden } from "../../../golden/nft/golden.ts";
import { chains, rules, sets, tables } from "./samples.ts";

const golden = readGolden("replies.txt");

/** Replies to one command whose message number (linux/netfilter/nf_tables.h) is this. */
function replies(command: string, message: number): readonly Reply[] {
  return (golden.get(command) ?? []).filter(({ type }) => (type & 0xff) === message);
}

const listed = (message: number): readonly Reply[] => replies("list table inet t", message);
const byChain = (a: { chain: string }, b: { chain: string }): number => a.chain.localeCompare(b.chain);

function elementsOf(name: string, from: readonly Reply[]): readonly TypedElement[] {
  const type = Object.values(sets).find(({ set }) => set === name);
  if (type === undefined) throw new Error(`no set ${name}`);
  const own = from.filter((reply) => getText(decodeNft(reply).attrs, 2) === name);
  return decodeTypedElements(type, own.flatMap(decodeElements));
}

describe("replies of nf_tables", () => {
  it("give tables with their comment, handle and number of users", () => {
    const [expected] = Object.values(tables);
    expect(listed(0).map(decodeTable)).toEqual([{ ...expected, handle: 1n, use: 21 }]);
  });

  it("give chains with hook, priority and policy", () => {
    expect(listed(3).map(decodeChain)).toEqual(Object.values(chains));
  });

  it("give sets with the types of key and data", () => {
    expect(listed(9).map(decodeSet)).toEqual(Object.values(sets));
  });

  it("give rules with their expressions, comments and handles", () => {
    const expected = Object.values(rules).map(({ expressions, ...rule }) => ({
      family: "inet",
      table: "t",
      ...rule,
      expressions: expressions.map(asKept),
    }));
    const decoded = listed(6).map(decodeRule);
    expect(decoded.map(({ handle, ...rule }) => rule).sort(byChain)).toEqual(expected.sort(byChain));
    expect(new Set(decoded.map(({ handle }) => handle)).size).toBe(decoded.length);
  });

  it("give plain ranges put together from their two ends, whatever the order", () => {
    expect(elementsOf("nets", listed(12))).toEqual([
      { key: ["0.0.0.0/8"] },
      { key: ["192.0.2.1/32"], comment: "one" },
      { key: ["240.0.0.0/4"], comment: "to the end" },
    ]);
    expect(elementsOf("nets6", listed(12))).toEqual([{ key: ["::/16"] }, { key: ["2001:db8::/32"] }]);
  });

  it("give keys of several fields, single values and ranges alike", () => {
    expect(elementsOf("pairs", listed(12))).toEqual([{ key: ["10.0.0.0/8", "10.1.0.0/16"], comment: "é" }]);
    expect(elementsOf("services", listed(12))).toEqual([{ key: ["tcp", "80-90"] }, { key: ["udp", 53] }]);
    expect(elementsOf("guard", listed(12))).toEqual([{ key: ["vp1", "02:00:00:00:00:01", "192.0.2.7"] }]);
  });

  it("give what maps hold, verdicts too", () => {
    expect(elementsOf("ports", listed(12))).toEqual([
      { key: ["192.0.2.1", "tcp", 80], data: ["172.30.0.2", 8080], comment: "web" },
    ]);
    expect(elementsOf("ports6", listed(12))).toEqual([{ key: ["sctp", 9], data: ["2001:db8::7", 99] }]);
    expect(elementsOf("marks", listed(12))).toEqual([{ key: ["192.0.2.9"], data: [5] }]);
    expect(elementsOf("verdicts", listed(12))).toEqual(
      expect.arrayContaining([
        { key: ["192.0.2.1"], data: ["jump c"] },
        { key: ["192.0.2.2"], data: ["drop"] },
      ]),
    );
    expect(elementsOf("rings", listed(12))).toEqual([]);
  });

  it("give one reply for each element that was asked for", () => {
    const net = replies("get element inet t nets { 0.0.0.0/8 }", 12);
    expect(net).toHaveLength(2);
    expect(elementsOf("nets", net)).toEqual([{ key: ["0.0.0.0/8"] }]);
    expect(
      elementsOf("ports", replies("get element inet t ports { 192.0.2.1 . tcp . 80 }", 12)),
    ).toHaveLength(1);
  });

  it("give the generation and who asks", () => {
    const [first] = listed(15).map(decodeGeneration);
    expect(first).toEqual({ id: expect.any(Number), pid: expect.any(Number), process: "nft" });
    expect(first?.id).toBeGreaterThan(40);
  });

  it("that are cut off anywhere are refused or shorter, never read beyond their end", () => {
    const decoders = [decodeTable, decodeChain, decodeSet, decodeRule, decodeElements, decodeGeneration];
    for (const reply of golden.get("list table inet t") ?? []) {
      for (let length = 0; length < reply.payload.length; length++) {
        const cut = { ...reply, payload: reply.payload.subarray(0, length) };
        for (const decode of decoders) {
          try {
            decode(cut);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
      }
    }
  });
});

/** What the kernel makes of an expression: it counts, fills in what was left out, and forgets ids of a transaction. */
function asKept(expression: Expression): Expression {
  switch (expression.kind) {
    case "counter":
      return { ...expression, packets: 0n, bytes: 0n };
    case "dynset":
    case "lookup": {
      const { setId, ...kept } = expression;
      return kept;
    }
    case "nat": {
      const { addressMin = 0, addressMax = addressMin, portMin, portMax = portMin } = expression;
      const flags = 1 | (portMin === undefined ? 0 : 2);
      return { ...expression, addressMax, ...(portMax !== undefined && { portMax }), flags };
    }
    default:
      return expression;
  }
}
