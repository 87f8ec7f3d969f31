import { describe, expect, it } from "vitest";
import { diffSnapshots } from "./snapshot-diff.ts";
import { flatRuleset } from "./snapshot-ruleset.ts";

describe("the difference of two snapshots", () => {
  it("is empty for equal states", () => {
    expect(diffSnapshots(new Map([["rules", ["a"]]]), new Map([["rules", ["a"]]]))).toBe("");
  });

  it("names what came and what went, by section", () => {
    const text = diffSnapshots(new Map([["rules", ["a", "b"]]]), new Map([["rules", ["b", "c", "c"]]]));
    expect(text).toBe("rules:\n  - a\n  + c\n  + c");
  });

  it("tells a new link once and not again with its settings", () => {
    const before = new Map([
      ["links and addresses", ['{"ifname":"eth0"}']],
      ["sysctls", ["/proc/sys/net/ipv4/conf/eth0/forwarding:0"]],
    ]);
    const after = new Map([
      ["links and addresses", ['{"ifname":"eth0"}', '{"ifname":"veth1"}']],
      [
        "sysctls",
        ["/proc/sys/net/ipv4/conf/eth0/forwarding:1", "/proc/sys/net/ipv4/conf/veth1/forwarding:0"],
      ],
    ]);
    const text = diffSnapshots(before, after);
    expect(text).toContain("veth1");
    expect(text).toContain("+ /proc/sys/net/ipv4/conf/eth0/forwarding:1");
    expect(text).not.toContain("conf/veth1");
  });
});

describe("a ruleset as flat lines", () => {
  it("carries the path of each rule and element and no counters", () => {
    const text = `table inet t {
\tmap m {
\t\ttype ipv4_addr : ipv4_addr
\t\telements = { 10.0.0.1 : 10.0.0.2,
\t\t\t     10.0.0.3 : 10.0.0.4 }
\t}

\tchain c {
\t\tcounter packets 5 bytes 400 accept
\t\ttcp dport { 80, 443 } accept
\t}
}
`;
    expect(flatRuleset(text)).toEqual([
      "table inet t",
      "table inet t / map m",
      "table inet t / map m: type ipv4_addr : ipv4_addr",
      "table inet t / map m: 10.0.0.1 : 10.0.0.2",
      "table inet t / map m: 10.0.0.3 : 10.0.0.4",
      "table inet t / chain c",
      "table inet t / chain c: counter accept",
      "table inet t / chain c: tcp dport { 80, 443 } accept",
    ]);
  });
});
