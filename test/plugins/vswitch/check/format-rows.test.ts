import { describe, expect, test } from "vitest";
import { absent, type Difference, surplus } from "../../../../lib/model/compare.ts";
import { formatReport } from "../../../../plugins/vswitch/check/format-check.ts";
import { formatRepairs } from "../../../../plugins/vswitch/repair/format-repair.ts";
import type { RowRepair } from "../../../../plugins/vswitch/repair/rows.ts";

const who = { network: "blue", containerId: "a", ifname: "eth0", key: "1" };
const fine = { ...who, verdict: "as planned", differences: [] } as const;
const route = (number: number) => `route 10.40.${number}.0/24 nhid ${number} metric 100`;
const element = 'add element inet vswitch vteps4 { 192.0.2.2 . 4097 . 0 comment "vswitch:network blue" }';
const differences: readonly Difference[] = [
  ...absent(element),
  ...[2, 3, 4, 5, 6, 7, 8, 9].map(route).flatMap(absent),
  ...surplus(route(77)),
];

describe("rows of other hosts that differ", () => {
  test("are named by check, of many of a kind some; those that nobody needs as well", () => {
    const rows = [{ network: "blue", verdict: "differs", differences }] as const;
    expect(formatReport([fine], rows).split("\n")).toEqual([
      "blue/a/eth0: as planned",
      "blue, other hosts: 10 differences",
      "  missing: element inet vswitch vteps4 { 192.0.2.2 . 4097 . 0 }",
      ...[2, 3, 4, 5, 6, 7].map((number) => `  missing: ${route(number)}`),
      "  and 2 more like the last",
      `  too much: ${route(77)}`,
      "1 endpoint and 1 overlay network checked, 1 differs: vswitch repair mends it",
    ]);
  });

  test.each<[Partial<RowRepair>, readonly string[]]>([
    [
      { verdict: "as planned", before: [] },
      ["blue, other hosts: as planned", "1 endpoint and 1 overlay network: 2 as planned"],
    ],
    [
      { verdict: "mended" },
      [
        "blue, other hosts: mended",
        `  missing: ${route(2)}`,
        "1 endpoint and 1 overlay network: 1 as planned, 1 mended",
      ],
    ],
    [
      { verdict: "differs still", before: differences, after: absent(route(2)), why: "route: ENOSPC" },
      [
        "blue, other hosts: differs still: route: ENOSPC",
        `  missing: ${route(2)}`,
        "1 endpoint and 1 overlay network: 1 as planned, 1 differs still",
      ],
    ],
  ])("are told by repair: %j", (over, expected) => {
    const report: RowRepair = {
      network: "blue",
      verdict: "mended",
      before: absent(route(2)),
      after: [],
      ...over,
    };
    expect(formatRepairs([{ ...who, verdict: "as planned" }], [report]).split("\n")).toEqual([
      "blue/a/eth0: as planned",
      ...expected,
    ]);
  });
});
