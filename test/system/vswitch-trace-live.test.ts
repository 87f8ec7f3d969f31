import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { type Attached, binDir, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

interface Answer {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(reason !== undefined)(`vswitch trace --live${reason ? ` (${reason})` : ""}`, () => {
  let lab: NatLab;
  let a: Attached;
  let b: Attached;
  let closed: Attached;
  let strange: Attached;
  beforeAll(async () => {
    lab = await createLab();
    a = await lab.add({ id: "a" });
    b = await lab.add({ id: "b", runtimeConfig: publish("8080:80/tcp") });
    const acl = { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80" };
    const defaultAction = { In: "Block", Out: "Allow" };
    const policies = [{ Type: "ACL", Settings: acl }];
    closed = await lab.add({ id: "closed", config: { ...dual, policies, defaultAction } });
    strange = await lab.add({ id: "strange", config: other });
  }, 60_000);
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const trace = (...words: readonly string[]): Promise<Answer> =>
    lab.host.run(lab.host.ns, [join(binDir, "vswitch"), "trace", "--data-dir", lab.dataDir, ...words]);

  /** Exit codes of the trace alone, and of the trace beside the kernel. */
  async function both(...words: readonly string[]) {
    const before = await lab.host.snapshot();
    const alone = await trace(...words);
    const live = await trace(...words, "--live", "--diff-kernel");
    expect(await lab.host.changes(before)).toBe("");
    return { alone: alone.exitCode, live: live.exitCode, said: live.stdout + live.stderr };
  }

  it.each([
    ["to a container", () => ["--to", b.ip4], 0],
    ["to a container by IPv6, with a port", () => ["--to", `[${b.ip6}]:80`], 0],
    ["to the world", () => ["--to", `${uplink.outside4}:443`], 0],
    ["to the world by IPv6", () => ["--to", uplink.outside6], 0],
    ["to the host", () => ["--to", a.gateway4], 0],
    ["to a published port", () => ["--to", `${uplink.host4}:8080`], 0],
    ["to a port that an ACL allows", () => ["--to", `${closed.ip4}:80`], 0],
    ["to a port that no ACL allows", () => ["--to", `${closed.ip4}:81`], 3],
    ["to another network", () => ["--to", strange.ip4], 3],
    ["to nobody", () => ["--to", "10.61.0.200"], 3],
    ["from an address that is not its own", () => ["--to", b.ip4, "--spoof-source", "10.61.0.77"], 3],
  ] as const)("agrees with the model on a packet %s", async (_, words, code) => {
    const { alone, live, said } = await both("--from", "nat/a", ...words());
    expect(said).toContain("Model and kernel agree.");
    expect({ alone, live }).toEqual({ alone: code, live: code });
    expect(said).toContain("is there as the model has it.");
  });

  it("agrees with the model on what another firewall drops, and both name it", async () => {
    const { host } = lab;
    const chain = "chain FORWARD { type filter hook forward priority 0; policy drop; }";
    await host.exec(host.ns, "nft", `add table ip filter { ${chain}; }`);
    const { alone, live, said } = await both("--from", "nat/a", "--to", uplink.outside4);
    await host.exec(host.ns, "nft", "delete table ip filter");
    expect({ alone, live }).toEqual({ alone: 3, live: 3 });
    expect(said).toContain("was dropped by table ip filter, chain FORWARD: its policy");
  });

  it("agrees with the model on legacy iptables, which tell nothing to a probe", async ({ skip }) => {
    const { host } = lab;
    const tried = await host.run(host.ns, ["iptables-legacy", "-P", "FORWARD", "DROP"]);
    if (tried.exitCode !== 0) skip("the kernel has no legacy iptables, or its program is not installed");
    const { alone, live, said } = await both("--from", "nat/a", "--to", uplink.outside4);
    await host.exec(host.ns, "iptables-legacy", "-P", "FORWARD", "ACCEPT");
    expect({ alone, live }).toEqual({ alone: 3, live: 3 });
    expect(said).toContain("policy of ip filter (legacy) FORWARD");
    expect(said).toContain("vanished after host, hook forward");
    expect(said).toContain("Not watched: rules of legacy iptables (ip filter)");
  });

  it("agrees with the model that it parts containers too, where br_netfilter shows it what is bridged", async ({
    skip,
  }) => {
    const { host } = lab;
    const filter = await host.run(host.ns, ["sysctl", "-n", "net.bridge.bridge-nf-call-iptables"]);
    if (filter.exitCode !== 0) skip("the kernel has no br_netfilter");
    const chain = "chain FORWARD { type filter hook forward priority 0; policy drop; }";
    await host.exec(host.ns, "nft", `add table ip filter { ${chain}; }`);
    for (const on of ["1", "0"]) {
      await host.exec(host.ns, "sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${on}`);
      const { alone, live, said } = await both("--from", "nat/a", "--to", b.ip4);
      expect(said).toContain("Model and kernel agree.");
      expect({ alone, live }).toEqual(on === "1" ? { alone: 3, live: 3 } : { alone: 0, live: 0 });
    }
    await host.run(host.ns, ["sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${filter.stdout || 0}`]);
    await host.exec(host.ns, "nft", "delete table ip filter");
  });

  it("agrees with the model on what another program drops at the bridge's own hooks", async () => {
    const { host } = lab;
    const chain = "chain c { type filter hook forward priority 0; policy accept; ip protocol icmp drop; }";
    await host.exec(host.ns, "nft", `add table bridge strange { ${chain}; }`);
    const { alone, live, said } = await both("--from", "nat/a", "--to", b.ip4);
    await host.exec(host.ns, "nft", "delete table bridge strange");
    expect({ alone, live }).toEqual({ alone: 3, live: 3 });
    expect(said).toContain('was dropped by table bridge strange, chain c: the rule "ip protocol icmp drop"');
  });

  it("differs where the kernel has lost what the model has, and names it", async () => {
    const { host } = lab;
    const listed = await host.exec(host.ns, "nft", "list", "set", "inet", "vswitch", "nat4");
    const [subnet = ""] = /10\.61\.0\.0\/24/.exec(listed) ?? [];
    const ruleset = await host.exec(host.ns, "nft", "list", "ruleset");
    await host.exec(host.ns, "nft", "delete", "element", "inet", "vswitch", "nat4", `{ ${subnet} }`);
    const { exitCode, stdout } = await trace(
      "--from",
      "nat/a",
      "--to",
      uplink.outside4,
      "--live",
      "--diff-kernel",
    );
    await host.run(host.ns, ["nft", "-f", "-"], { input: `flush ruleset\n${ruleset}` });
    expect(exitCode).toBe(5);
    expect(stdout).toContain("MODEL AND KERNEL DIFFER:");
    expect(stdout).toContain(`source at the end is ${uplink.host4} in the model, ${a.ip4} in the kernel`);
    expect(stdout).toMatch(/missing .*nat4/);
  });

  it("gives programs all of it as JSON", async () => {
    const { stdout } = await trace("--from", "nat/a", "--to", b.ip4, "--live", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      trace: { verdict: { kind: "delivered" } },
      against: { live: { result: { verdict: { kind: "arrived" } }, comparison: { agree: true } } },
    });
  });

  it.each([
    [["--from", "host", "--to", "10.61.0.2"], "--from must be an endpoint"],
    [["--from", "nat/a", "--to", "10.61.0.3", "--proto", "arp"], "IP packets"],
    [["--from", "nat/a", "--to", "10.61.0.3", "--scene", "x.json"], "kernel of this host"],
    [["--from", "nat/a", "--to", "10.61.0.3", "--format", "svg"], "the model alone"],
    [["--from", "nat/a", "--to", "10.61.0.3", "--proto", "tcp"], "to a port"],
    [["--from", "nat/a", "--to", "10.61.0.3:80", "--state", "established"], "first packet"],
  ])("refuses %j", async (words, why) => {
    const { exitCode, stderr } = await trace(...words, "--live");
    expect(stderr).toContain(why);
    expect(exitCode).toBe(2);
  });
});
