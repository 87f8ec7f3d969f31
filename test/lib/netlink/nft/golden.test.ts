import { describe, expect, it } from "vitest";
import { NLM_F_ACK, NLM_F_REQUEST, type Request } from "../../../../lib/netlink/message.ts";
import { addChain } from "../../../../lib/netlink/nft/chain.ts";
import { type ElementVerb, elementRequests } from "../../../../lib/netlink/nft/element.ts";
import { addRule, flushChain } from "../../../../lib/netlink/nft/rule.ts";
import { addSet } from "../../../../lib/netlink/nft/set.ts";
import { addTable, createTable, deleteTable } from "../../../../lib/netlink/nft/table.ts";
import { encodeTypedElement, formatTypedElement } from "../../../../lib/netlink/nft/typed-element.ts";
import { readGolden } from "../../../golden/nft/golden.ts";
import { chains, elements, rules, sets, tables } from "./samples.ts";

const golden = readGolden("requests.txt");

/** The request of ours whose title must be the command and whose bytes must be those of nft. */
function requestFor(command: string): Request {
  const [verb = "", kind = ""] = command.split(" ");
  if (command === "create table ip6 fresh") return createTable({ family: "ip6", table: "fresh" });
  if (command === "delete table ip6 fresh") return deleteTable({ family: "ip6", table: "fresh" });
  if (command === "flush chain inet t noted") return flushChain("inet", "t", "noted");
  if (kind === "table") return addTable(sample(tables, command));
  if (kind === "chain") return addChain(sample(chains, command));
  // Each nft process counts the sets it makes from 1.
  if (kind === "set" || kind === "map") return addSet(sample(sets, command), 1);
  if (kind === "rule") return ruleFor(command);
  return elementsFor(verb as ElementVerb, command.slice(`${verb} element inet t `.length));
}

function ruleFor(command: string): Request {
  const [, words = "", comment] = /^add rule inet t \w+ (.*?)(?: comment "(.*)")?$/.exec(command) ?? [];
  const rule = sample(rules, words);
  expect(comment).toBe(rule.comment);
  return addRule({ family: "inet", table: "t", ...rule }, words);
}

function elementsFor(verb: ElementVerb, command: string): Request {
  const all = Object.values(sets);
  const index = all.findIndex(({ set }) => set === command.split(" ")[0]);
  const set = all[index];
  const wanted = sample(elements, command);
  if (set === undefined) throw new Error(`no set for ${command}`);
  const groups = wanted.map((element) => encodeTypedElement(set, element));
  const describeOne = (i: number): string =>
    wanted
      .slice(i, i + 1)
      .map((e) => formatTypedElement(set, e))
      .join();
  const setId = verb === "add" || verb === "create" ? index + 1 : undefined;
  const [request, ...more] = elementRequests(verb, set, groups, describeOne, setId);
  expect(more).toEqual([]);
  if (request === undefined) throw new Error("no request");
  return request;
}

function sample<T>(samples: Readonly<Record<string, T>>, name: string): T {
  const found = samples[name];
  if (found === undefined) throw new Error(`no sample for ${name}`);
  return found;
}

describe("requests to nf_tables", () => {
  it("are captured for every kind of object", () => {
    expect(golden.size).toBeGreaterThan(50);
  });

  for (const [command, messages] of golden) {
    it(`are byte for byte what nft sends for: ${command}`, () => {
      expect(messages).toHaveLength(1);
      const [message] = messages;
      const request = requestFor(command);
      expect(request.title).toBe(command);
      expect(request.type).toBe(message?.type);
      const added = NLM_F_REQUEST | NLM_F_ACK;
      expect(request.flags | added).toBe((message?.flags ?? 0) | added);
      expect(Buffer.from(request.payload).toString("hex")).toBe(
        Buffer.from(message?.payload ?? []).toString("hex"),
      );
    });
  }
});
