import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Request } from "../../../../lib/netlink/message.ts";
import { decodeElements, elementRequests } from "../../../../lib/netlink/nft/element.ts";
import { addRule, decodeRule } from "../../../../lib/netlink/nft/rule.ts";
import { addSet, decodeSet } from "../../../../lib/netlink/nft/set.ts";
import { addTable, decodeTable } from "../../../../lib/netlink/nft/table.ts";
import { decodeTypedElements, encodeTypedElement } from "../../../../lib/netlink/nft/typed-element.ts";
import { formatVerdict, parseVerdict } from "../../../../lib/netlink/nft/verdict.ts";
import { seed } from "../../seed.ts";
import { comment, expression, setType, typedElements, verdict } from "./arbitraries.ts";

const inTable = { family: "bridge", table: "t" } as const;

/** Messages that create have the form of those that tell. */
const asReply = ({ type, payload }: Request) => ({ type, flags: 0, payload });

describe("what is encoded and decoded again", () => {
  it("is the same rule, whatever its expressions", () => {
    fc.assert(
      fc.property(fc.array(expression, { maxLength: 8 }), comment, (expressions, note) => {
        const rule = { ...inTable, chain: "c", expressions, comment: note };
        expect(decodeRule(asReply(addRule(rule, "")))).toEqual({ ...rule, handle: 0n });
      }),
      { seed, numRuns: 500 },
    );
  });

  it("is the same set", () => {
    const options = fc.record({ size: fc.option(fc.nat(1e6), { nil: undefined }), note: comment });
    fc.assert(
      fc.property(setType, options, (type, { size, note }) => {
        const set = { ...inTable, set: "s", ...type, ...(size !== undefined && { size }), comment: note };
        expect(decodeSet(asReply(addSet(set, 3)))).toEqual(set);
      }),
      { seed },
    );
  });

  it("is the same table", () => {
    fc.assert(
      fc.property(comment, (note) => {
        const table = { ...inTable, comment: note };
        expect(decodeTable(asReply(addTable(table)))).toEqual({ ...table, handle: 0n, use: 0 });
      }),
      { seed },
    );
  });

  it("is the same verdict", () => {
    fc.assert(
      fc.property(verdict, (value) => {
        expect(parseVerdict(formatVerdict(value))).toEqual(value);
      }),
      { seed },
    );
  });

  it("are the same elements in the same order, and ranges of one field one by one", () => {
    fc.assert(
      fc.property(typedElements, ([type, wanted]) => {
        const pairs = type.interval === true && type.key.length === 1;
        const batches = pairs ? wanted.map((element) => [element]) : [wanted];
        for (const batch of batches) {
          const groups = batch.map((element) => encodeTypedElement(type, element));
          const requests = elementRequests("create", { ...inTable, set: "s" }, groups, () => "");
          const elements = requests.flatMap((request) => decodeElements(asReply(request)));
          expect(decodeTypedElements(type, elements)).toEqual(batch);
        }
      }),
      { seed, numRuns: 500 },
    );
  });
});
