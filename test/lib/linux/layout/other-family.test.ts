import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { encodeTable } from "../../../../lib/linux/layout/encode-table.ts";
import { formatTable } from "../../../../lib/linux/layout/format-layout.ts";
import type { LayoutTable } from "../../../../lib/linux/layout/layout-tables.ts";
import { inSet, matchPrefix, verdict } from "../../../../lib/linux/layout/term.ts";
import { createHost, type Host } from "../../../system/host.ts";
import { whyNoNamespaces } from "../../../system/namespaces.ts";
import { netfilterIn } from "./netfilter-in.ts";

const reason = whyNoNamespaces();
const drop = verdict({ kind: "drop" });

/** A table of the bridge family with the words that ours has. */
const sample: LayoutTable = {
  family: "bridge",
  table: "vswitch",
  comment: "a sample",
  sets: [
    ["switches", { key: ["ifname"] }],
    ["direct4", { key: ["ipv4_addr", "ipv4_addr"], interval: true, comment: "pairs" }],
    ["macs", { key: ["ifname", "ether_addr"], data: "verdict", size: 1000 }],
  ],
  chains: [
    {
      name: "forward",
      base: { type: "filter", hook: "forward", priority: -200, policy: "drop" },
      rules: [
        {
          terms: [inSet(["iifname"], "switches"), inSet(["ip saddr", "ip daddr"], "direct4"), drop],
          comment: "no",
        },
        { terms: [matchPrefix("ip6 saddr", prefix("fe80::/10")), verdict({ kind: "goto", chain: "other" })] },
      ],
    },
    { name: "other", rules: [{ terms: [drop] }] },
  ],
};

describe.skipIf(reason !== undefined)(`a table of the bridge family${reason ? ` (${reason})` : ""}`, () => {
  let host: Host;
  beforeAll(async () => {
    host = await createHost({ uplink: false });
  });
  afterAll(() => host?.close());

  it("is to nft the table that its text describes", async () => {
    const theirs = await host.compartment("nft");
    await host.exec(theirs, "nft", formatTable(sample));
    const rules = netfilterIn(host.ns);
    rules.transaction(encodeTable(sample));
    rules.close();
    for (const options of [[], ["-j"]]) {
      const expected = await host.exec(theirs, "nft", ...options, "list", "ruleset");
      expect(await host.exec(host.ns, "nft", ...options, "list", "ruleset")).toBe(expected);
    }
    expect(await host.exec(host.ns, "nft", "list", "ruleset")).toContain("ip saddr . ip daddr @direct4 drop");
  });
});
