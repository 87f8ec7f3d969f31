import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type {
  ForeignChain,
  ForeignCondition,
  ForeignRule,
  ForeignVerdict,
} from "../../../../lib/model/foreign.ts";
import { type ForeignView, judgeForeign } from "../../../../lib/model/path/foreign.ts";
import type { IpPacket } from "../../../../lib/policy/packet.ts";

const packet: IpPacket = {
  kind: "ip",
  sourceMac: mac("02:00:00:00:00:01"),
  destinationMac: mac("02:00:00:00:00:02"),
  source: ip("10.1.0.2"),
  destination: ip("198.51.100.7"),
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 80,
  opens: true,
};
const view: ForeignView = { in: "vsw-nat", out: "eth0", packet, state: "new", dnat: false };

const accept = { kind: "accept" } as const;
const drop = { kind: "drop" } as const;
const jump = (chain: string): ForeignVerdict => ({ kind: "jump", chain });
const rule = (verdict: ForeignVerdict, ...conditions: readonly ForeignCondition[]): ForeignRule => ({
  text: [...conditions.map(({ kind }) => kind), verdict.kind].join(" "),
  conditions,
  verdict,
});
const unknown: ForeignCondition = { kind: "unknown", text: "meta mark 0x1" };
const port = (first: number): ForeignCondition => ({
  kind: "destinationPort",
  ranges: [{ first, last: first }],
});

const base = (rules: readonly ForeignRule[], change: Partial<ForeignChain["base"]> = {}): ForeignChain => ({
  table: "ip filter",
  chain: "FORWARD",
  base: { type: "filter", hook: "forward", priority: 0, policy: "accept", ...change },
  rules,
});
const sub = (chain: string, ...rules: readonly ForeignRule[]): ForeignChain => ({
  table: "ip filter",
  chain,
  rules,
});
const judge = (...chains: readonly ForeignChain[]) => judgeForeign(chains, "forward", view);

describe("rules of other programs", () => {
  it("accept when there are none", () => {
    expect(judge()).toEqual({ verdict: "accept" });
  });

  it("decide in their order, and the policy when none does", () => {
    expect(judge(base([rule(accept, port(80)), rule(drop)]))).toEqual({ verdict: "accept" });
    expect(judge(base([rule(accept, port(443)), rule(drop)]))).toEqual({
      verdict: "drop",
      by: { table: "ip filter", chain: "FORWARD", rule: "drop" },
    });
    expect(judge(base([rule(accept, port(443))], { policy: "drop" }))).toEqual({
      verdict: "drop",
      by: { table: "ip filter", chain: "FORWARD" },
      policy: true,
    });
  });

  it("must all accept: what one drops no other brings back", () => {
    const other: ForeignChain = { ...base([rule(drop)], { priority: 10 }), table: "inet other" };
    expect(judge(base([rule(accept)]), other)).toMatchObject({
      verdict: "drop",
      by: { table: "inet other" },
    });
    expect(judge(other, base([rule(drop)]))).toMatchObject({ verdict: "drop", by: { table: "ip filter" } });
  });

  it("of other hooks, types and families are not asked", () => {
    const chains = [
      base([rule(drop)], { hook: "input" }),
      base([rule(drop)], { type: "nat" }),
      { ...base([rule(drop)]), table: "ip6 filter" },
      { ...base([rule(drop)]), table: "bridge filter" },
    ];
    expect(judge(...chains)).toEqual({ verdict: "accept" });
    expect(judgeForeign(chains, "forward", { ...view, bridged: true })).toMatchObject({ verdict: "drop" });
  });

  it("come back from a chain they jumped to, and not from one they went to", () => {
    const back = { kind: "return" } as const;
    const chains = (verdict: ForeignVerdict) => [
      base([rule(verdict), rule(drop)]),
      sub("c", rule(back), rule(drop)),
    ];
    expect(judge(...chains(jump("c")))).toMatchObject({ verdict: "drop", by: { chain: "FORWARD" } });
    expect(judge(...chains({ kind: "goto", chain: "c" }))).toEqual({ verdict: "accept" });
  });

  it("that are not understood make it perhaps where they decide", () => {
    expect(judge(base([rule(accept, unknown)], { policy: "drop" }))).toEqual({
      verdict: "perhaps",
      by: { table: "ip filter", chain: "FORWARD" },
      policy: true,
    });
    expect(judge(base([rule(drop, unknown)]))).toMatchObject({
      verdict: "perhaps",
      by: { rule: "unknown drop" },
    });
  });

  it("that are not understood do not matter where both ways lead to the same", () => {
    expect(judge(base([rule(accept, unknown), rule(accept)]))).toEqual({ verdict: "accept" });
    expect(judge(base([rule(drop, unknown)], { policy: "drop" }))).toMatchObject({ verdict: "drop" });
    expect(judge(base([rule(drop, unknown, port(443))]))).toEqual({ verdict: "accept" });
    expect(judge(base([rule({ kind: "continue" }, unknown)]))).toEqual({ verdict: "accept" });
    const later: ForeignChain = { ...base([rule(drop)], { priority: 10 }), table: "inet other" };
    expect(judge(base([rule(drop, unknown)]), later)).toMatchObject({
      verdict: "drop",
      by: { table: "inet other" },
    });
  });

  it("that jump in circles, or nowhere, end all the same", () => {
    const circle = [base([rule(jump("a"))]), sub("a", rule(jump("b"))), sub("b", rule(jump("a")))];
    expect(judge(...circle)).toMatchObject({ verdict: "perhaps" });
    expect(judge(base([rule(jump("gone"))]))).toMatchObject({ verdict: "perhaps" });
  });

  it("with an unknown verdict may do anything", () => {
    expect(judge(base([rule({ kind: "unknown", text: "queue" })]))).toMatchObject({ verdict: "perhaps" });
  });

  it("end at once for later fragments where they ask for ports, even for other ports", () => {
    const { sourcePort: _, destinationPort: __, ...rest } = packet;
    const fragment = { ...view, packet: { ...rest, fragment: "later" as const } };
    const chains = [base([rule(drop, { ...port(443), negated: true })])];
    expect(judgeForeign(chains, "forward", view)).toMatchObject({ verdict: "drop" });
    expect(judgeForeign(chains, "forward", fragment)).toEqual({ verdict: "accept" });
  });

  it("may apply where the packet does not say what they ask for", () => {
    const { destinationPort: _, ...open } = packet;
    const chains = [base([rule(drop, port(443))])];
    expect(judgeForeign(chains, "forward", { ...view, packet: open })).toMatchObject({ verdict: "perhaps" });
  });

  it("before connection tracking see no state, and before translation no published port", () => {
    const asks = (condition: ForeignCondition, priority: number) =>
      judgeForeign([base([rule(drop, condition)], { hook: "prerouting", priority })], "prerouting", {
        ...view,
        dnat: true,
      }).verdict;
    expect(asks({ kind: "state", states: ["new"] }, -300)).toBe("accept");
    expect(asks({ kind: "state", states: ["new"] }, -150)).toBe("drop");
    expect(asks({ kind: "dnat" }, -150)).toBe("accept");
    expect(asks({ kind: "dnat" }, 0)).toBe("drop");
  });

  it("behind translation see the translated packet", () => {
    const inside: ForeignCondition = { kind: "destination", prefixes: [prefix("172.30.0.0/24")] };
    const asks = (priority: number) =>
      judgeForeign([base([rule(drop, inside)], { hook: "prerouting", priority })], "prerouting", {
        ...view,
        translated: { ...packet, destination: ip("172.30.0.2") },
      }).verdict;
    expect([asks(-150), asks(0)]).toEqual(["accept", "drop"]);
  });

  it("of many chains that call each other are judged once each", () => {
    const depth = 60;
    const chains = Array.from({ length: depth }, (_, i) =>
      sub(
        `c${i}`,
        ...(i + 1 < depth ? [rule(jump(`c${i + 1}`), unknown), rule(jump(`c${i + 1}`), unknown)] : []),
      ),
    );
    expect(judge(base([rule(jump("c0"))]), ...chains)).toEqual({ verdict: "accept" });
  });
});
