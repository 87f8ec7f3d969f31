import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import type { Mark, SwitchMark } from "../../../../lib/model/facts.ts";
import type { EndpointRow, Lease } from "../../../../lib/state/rows.ts";
import { formatCollected } from "../../../../plugins/vswitch/gc/format-gc.ts";
import {
  judgeEndpoints,
  judgeLeases,
  judgeMarks,
  judgeSwitches,
  type Remains,
} from "../../../../plugins/vswitch/gc/judge.ts";
import { endpointRow } from "../fixture.ts";

const row = endpointRow({ ips: ["10.88.0.5/16"] });
const { network, containerId, ifname, key } = row;
const owner = { network, containerId, ifname };
const mark: Mark = { key, owner, addresses: [], ports: [] };
const bridge: SwitchMark = { network, name: "vsw-net", gateways: [], mtu: 1500 };
const lease: Lease = {
  ...owner,
  key,
  address: ip("10.88.0.5"),
  netns: row.netns,
  bootId: "this boot",
  takenMs: 0,
};

/** A host on which everything is alive. */
const remains = (over: Partial<Remains> = {}): Remains => ({
  endpoints: [row],
  networks: [network],
  leases: [lease],
  marks: [mark],
  switches: [bridge],
  bootId: "this boot",
  exists: () => true,
  hasPort: () => true,
  isRemembered: () => false,
  ...over,
});

const told = ({ dead, left }: { dead: readonly { why: string }[]; left: readonly { why: string }[] }) => [
  ...dead.map(({ why }) => `dead: ${why}`),
  ...left.map(({ why }) => `left: ${why}`),
];

describe("what is left behind", () => {
  test("is nothing where everything is alive", () => {
    const all = remains();
    expect(
      [judgeEndpoints(all), judgeMarks(all), judgeLeases(all), judgeSwitches(all, true)].flatMap(told),
    ).toEqual([]);
  });

  test.each<[Partial<EndpointRow>, Partial<Remains>, string]>([
    [{ bootId: "before" }, {}, "dead: of an earlier boot"],
    [{}, { exists: () => false }, "dead: its compartment /run/netns/c1 is gone"],
    [{ phase: "adding" }, {}, "dead: its ADD did not come to its end"],
    [{ netns: "" }, {}, "left: its state was rebuilt"],
    [{ netns: "" }, { hasPort: () => false, exists: () => false }, "dead: its port is gone"],
  ])("of endpoints is told with the reason: %j", (over, host, expected) => {
    const [text] = told(judgeEndpoints(remains({ endpoints: [{ ...row, ...over }], ...host })));
    expect(text).toContain(expected);
  });

  test.each<[string, Partial<Mark>, Partial<Remains>, string]>([
    ["rules alone", {}, { hasPort: () => false }, "dead: rules of a port that is gone"],
    ["of our network", {}, {}, "dead: the state knows nothing of it"],
    ["of a network of another state", {}, { networks: [] }, "left: network net is not in this state"],
    ["that the runtime remembers", {}, { isRemembered: () => true }, "left: the runtime remembers it"],
  ])("of kernel objects without a row: %s", (_, over, host, expected) => {
    const [text] = told(judgeMarks(remains({ endpoints: [], marks: [{ ...mark, ...over }], ...host })));
    expect(text).toContain(expected);
  });

  test("of a mark that does not say whose it is stays, unless only rules are left", () => {
    const unnamed: Mark = { key, addresses: [], ports: [] };
    expect(told(judgeMarks(remains({ endpoints: [], marks: [unnamed] })))[0]).toContain("left: its network");
    expect(told(judgeMarks(remains({ endpoints: [], marks: [unnamed], hasPort: () => false })))[0]).toContain(
      "dead",
    );
  });

  test.each<[Partial<Lease>, Partial<Remains>, string | undefined]>([
    [{ bootId: "before" }, {}, "dead: of an earlier boot"],
    [{}, { exists: () => false }, "dead: its compartment"],
    [{ netns: "" }, { exists: () => false }, "left: nobody knows"],
    [{}, {}, undefined],
  ])("of leases without an endpoint: %j", (over, host, expected) => {
    const [text] = told(judgeLeases(remains({ endpoints: [], leases: [{ ...lease, ...over }], ...host })));
    if (expected === undefined) expect(text).toBeUndefined();
    else expect(text).toContain(expected);
  });

  test("of switches goes only when it is asked for", () => {
    const idle = remains({ endpoints: [] });
    expect(told(judgeSwitches(idle, false))).toEqual([
      "left: no endpoint is on it, it waits for the next container: --switches removes it",
    ]);
    expect(told(judgeSwitches({ ...idle, networks: [] }, false))[0]).toContain(
      "this state knows no such network",
    );
    expect(told(judgeSwitches(idle, true))).toEqual(["dead: no endpoint is on it"]);
  });
});

describe("what gc prints", () => {
  const finding = { kind: "endpoint", name: "n/c/eth0", why: "of an earlier boot" } as const;

  test("is one line per thing, with what became of it and why", () => {
    const collected = { removed: [finding], left: [finding], failed: [{ ...finding, error: "EBUSY" }] };
    expect(formatCollected(collected, false).split("\n")).toEqual([
      "removed  endpoint  n/c/eth0  of an earlier boot",
      "failed   endpoint  n/c/eth0  EBUSY",
      "left     endpoint  n/c/eth0  of an earlier boot",
    ]);
    expect(formatCollected({ removed: [finding], left: [], failed: [] }, true)).toContain("would remove");
    expect(formatCollected({ removed: [], left: [], failed: [] }, false)).toBe("nothing is left behind");
  });
});
