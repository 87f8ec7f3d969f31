import { describe, expect, it } from "vitest";
import type { ForeignChain, ForeignHook } from "../../../../lib/model/foreign.ts";
import { foreignRemedy } from "../../../../lib/model/path/foreign-remedy.ts";
import { network, scene } from "./scene.ts";

const base = (table: string, chain: string, hook: ForeignHook): ForeignChain => ({
  table,
  chain,
  base: { type: "filter", hook, priority: 0, policy: "drop" },
  rules: [],
});
const beside = (table: string, chain: string): ForeignChain => ({ table, chain, rules: [] });

/** Of what comes from our switch, or goes there; the first chain dropped it. */
function remedy(
  hook: ForeignHook,
  place: { readonly in?: string; readonly out?: string; readonly udpPort?: number },
  ...foreign: ForeignChain[]
) {
  const [by] = foreign;
  if (by === undefined) throw new Error("no chain dropped it");
  const host = scene([network("nat", ["10.1.0.1/24"])], [], { foreign });
  return foreignRemedy(host, by, { hook, ...place });
}

describe("the remedy for a rule of another program", () => {
  it("is for legacy tables the command that knows of them", () => {
    const chain = base("ip6 mangle (legacy)", "FORWARD", "forward");
    expect(remedy("forward", { in: "vsw-nat" }, chain)).toBe(
      "Rules of ours cannot lift it; `ip6tables-legacy -t mangle -I FORWARD -i vsw-nat -j ACCEPT`, and the same with -o.",
    );
  });

  it("goes to the chain at the hook, which the program leaves alone, and by its own tool", () => {
    const chains = [beside("ip filter", "KUBE-SERVICES"), base("ip filter", "INPUT", "input")];
    expect(remedy("input", { in: "vsw-nat" }, ...chains)).toBe(
      "Rules of ours cannot lift it; `iptables -I INPUT -i vsw-nat -j ACCEPT`.",
    );
  });

  it("is Docker's chain for what Docker drops, ufw's words where both set the policy", () => {
    const policy = base("ip6 filter", "FORWARD", "forward");
    const [user, isolation] = ["DOCKER-USER", "DOCKER-ISOLATION-STAGE-2"].map((chain) =>
      beside("ip6 filter", chain),
    ) as [ForeignChain, ForeignChain];
    const ufw = beside("ip6 filter", "ufw6-before-forward");
    const docker =
      "Docker leaves its chain DOCKER-USER to you: `ip6tables -I DOCKER-USER -o vsw-nat -j ACCEPT`, and the same with -i.";
    expect(remedy("forward", { out: "vsw-nat" }, isolation, policy, user, ufw)).toBe(docker);
    expect(remedy("forward", { out: "vsw-nat" }, policy, user)).toBe(docker);
    expect(remedy("forward", { out: "vsw-nat" }, policy, user, ufw)).toBe(
      "`ufw route allow out on vsw-nat`, and the same with `in on`.",
    );
  });

  it("is no word of Docker's at other hooks than that of forwarding", () => {
    const chains = [base("ip filter", "INPUT", "input"), beside("ip filter", "DOCKER-USER")];
    expect(remedy("input", { in: "vsw-nat" }, ...chains)).toContain("iptables -I INPUT");
  });

  it("is a zone of firewalld's whatever it drops, and works whatever zone the switch is in", () => {
    expect(remedy("input", { in: "vsw-nat" }, base("inet firewalld", "filter_INPUT", "input"))).toBe(
      "`firewall-cmd --zone=trusted --change-interface=vsw-nat`, and the same with --permanent to keep it.",
    );
  });

  it("lets the port of a tunnel in on the underlay, on all hosts", () => {
    const at = { in: "eth0", udpPort: 4789 };
    const words = (...chains: ForeignChain[]) => remedy("input", at, ...chains);
    expect(words(base("ip filter", "INPUT", "input"))).toBe(
      "Rules of ours cannot lift it; `iptables -I INPUT -p udp --dport 4789 -j ACCEPT`, on each host of the network.",
    );
    expect(words(base("inet fw", "in", "input"))).toBe(
      "Rules of ours cannot lift it; `nft insert rule inet fw in udp dport 4789 accept`, on each host of the network.",
    );
    expect(words(base("inet firewalld", "filter_INPUT", "input"))).toBe(
      "`firewall-cmd --add-port=4789/udp`, and the same with --permanent to keep it, on each host of the network.",
    );
    const ufw = beside("ip filter", "ufw-before-input");
    expect(words(base("ip filter", "INPUT", "input"), ufw)).toBe(
      "`ufw allow 4789/udp`, on each host of the network.",
    );
  });
});
