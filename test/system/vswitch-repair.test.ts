import { describe, expect, it } from "vitest";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";
import type { Snapshot } from "./snapshot.ts";
import { diffSnapshots } from "./snapshot-diff.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

const policies = [
  {
    Type: "ACL",
    Settings: { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80", Priority: 10 },
  },
  { Type: "ACL", Settings: { Action: "Allow", Direction: "Out", Priority: 20 } },
  { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 10_000_000 } },
];

async function attach(lab: NatLab): Promise<readonly Attached[]> {
  return [
    await lab.add({
      id: "web",
      config: { ...dual, policies },
      runtimeConfig: publish("8080:80/tcp", "5353:53/udp"),
    }),
    await lab.add({ id: "base" }),
    await lab.add({ id: "elsewhere", config: other }),
  ];
}

/** Name of a port, in a script that runs on the host. */
const port = (id: string) =>
  `$(ip -o link | grep -o 'vp-[0-9a-f]*.*nat/${id}/eth0' | grep -o '^vp-[0-9a-f]*')`;

/** Where a script runs: on the host, or in the first compartment. */
type Damage = readonly [what: string, where: "host" | "web", script: string];

const damages: readonly Damage[] = [
  ["the interface is down", "web", "ip link set eth0 down"],
  [
    "the interface has another MAC and MTU",
    "web",
    "ip link set eth0 down address 02:00:00:00:00:99 mtu 1200 up",
  ],
  ["an address is gone", "web", "ip address delete 10.61.0.2/24 dev eth0"],
  ["all routes are gone", "web", "ip route flush table main; ip -6 route flush default"],
  ["IPv6 was turned off", "web", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6"],
  ["the port left its bridge", "host", `ip link set ${port("web")} nomaster`],
  ["the port is down with another MTU", "host", `ip link set ${port("web")} down mtu 1300`],
  ["the bridge is gone", "host", "ip link delete vsw-nat"],
  [
    "the bridge is down and has lost an address",
    "host",
    "ip link set vsw-nat down; ip address flush dev vsw-nat",
  ],
  ["the whole ruleset is flushed", "host", "nft flush ruleset"],
  [
    "the rules of our tables are flushed",
    "host",
    "nft flush table inet vswitch; nft flush table bridge vswitch",
  ],
  ["one chain is flushed", "host", "nft flush chain bridge vswitch guard"],
  [
    "the ACLs of a port are gone",
    "host",
    `nft flush set bridge vswitch judged; nft flush set bridge vswitch allowed_in4_${port("web")}`,
  ],
  [
    "nothing looks the ACLs of a port up",
    "host",
    `nft flush chain bridge vswitch in4_${port("web")}; nft flush map bridge vswitch judges_out4`,
  ],
  [
    "the guard of all ports is gone",
    "host",
    "nft flush set bridge vswitch guarded; nft flush set bridge vswitch guard4",
  ],
  ["a published port is gone", "host", "nft flush map inet vswitch published4_any"],
  ["the limit is gone", "host", `tc qdisc delete dev ${port("web")} ingress`],
  [
    "nothing is forwarded",
    "host",
    "echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
  ],
];

/** Without the numbers that the kernel gives to what is made anew. */
function anyNumbers(snapshot: Snapshot): Snapshot {
  const plain = (line: string) =>
    line.replace(/"(ifindex|link_index)":\d+,/g, "").replace(/^(qdisc \w+) \w+:/, "$1");
  return new Map([...snapshot].map(([title, lines]) => [title, lines.map(plain)]));
}

describe.skipIf(reason !== undefined)(`vswitch repair${reason ? ` (${reason})` : ""}`, () => {
  it.each(damages)("mends all when %s, and nothing the second time", async (_, where, script) => {
    await using lab = await createLab();
    const vswitch = toolOf(lab);
    const { host } = lab;
    const attached = await attach(lab);
    const [web] = attached;
    if (web === undefined) throw new Error("nothing attached");
    const [before, inside] = [await host.snapshot(lab.everything), await host.snapshot({}, web.ns)];
    await host.exec(where === "host" ? host.ns : web.ns, "sh", "-c", script);
    expect(await vswitch("check", "web")).toMatchObject({ exitCode: 1 });
    const planned = await vswitch("repair", "--dry-run");
    expect(planned.exitCode).toBe(1);
    expect(planned.stdout).toContain("would be mended");
    expect(await vswitch("check", "web")).toMatchObject({ exitCode: 1 });
    const done = await vswitch("repair");
    expect(done, done.stdout).toMatchObject({ exitCode: 0, stderr: "" });
    expect(done.stdout).toMatch(/: mended$/m);
    for (const one of attached) expect(await lab.check(one)).toMatchObject({ exitCode: 0 });
    expect((await vswitch("repair")).stdout.split("\n").at(-1)).toBe("3 endpoints: 3 as planned");
    expect(diffSnapshots(anyNumbers(before), anyNumbers(await host.snapshot(lab.everything)))).toBe("");
    expect(diffSnapshots(anyNumbers(inside), anyNumbers(await host.snapshot({}, web.ns)))).toBe("");
    expect(await host.answersPing(web.ns, web.gateway4)).toBe(true);
  });

  it("changes nothing where interface or compartment is gone, and says what to do instead", async () => {
    await using lab = await createLab();
    const vswitch = toolOf(lab);
    const [web, base] = await attach(lab);
    if (web === undefined || base === undefined) throw new Error("nothing attached");
    await lab.host.exec(web.ns, "ip", "link", "delete", "eth0");
    await lab.host.remove(base.ns);
    // The kernel takes a namespace down in its own time.
    const port = base.result.interfaces[1]?.name ?? "none";
    await expect
      .poll(() => lab.host.exec(lab.host.ns, "ip", "-br", "link"), { timeout: 10_000 })
      .not.toContain(port);
    await lab.host.exec(lab.host.ns, "nft", "flush", "set", "bridge", "vswitch", "guarded");
    const before = await lab.host.snapshot(lab.everything);
    const done = await vswitch("repair", "web", "base");
    expect(done.exitCode).toBe(1);
    expect(done.stdout).toContain("restart the container");
    expect(done.stdout).toContain("vswitch gc");
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });

  it("leaves to its holder a port that somebody took meanwhile, and mends the rest", async () => {
    await using lab = await createLab();
    const [web] = await attach(lab);
    if (web === undefined) throw new Error("nothing attached");
    const taking = `nft delete element inet vswitch published4_any '{ tcp . 8080 }'
      nft add element inet vswitch published4_any '{ tcp . 8080 : 10.61.0.99 . 80 }'`;
    await lab.host.exec(lab.host.ns, "sh", "-c", taking);
    await lab.host.exec(web.ns, "ip", "link", "set", "eth0", "down");
    const done = await toolOf(lab)("repair");
    expect(done.exitCode).toBe(1);
    expect(done.stdout).toContain("nat/web/eth0: differs still: host port 8080/tcp is taken");
    expect(await lab.host.answersPing(web.ns, web.gateway4)).toBe(true);
    expect(await lab.host.exec(lab.host.ns, "nft", "list", "ruleset")).toContain("10.61.0.99 . 80");
  });

  it("touches nothing of somebody else's bridge by the switch's name", async () => {
    await using lab = await createLab();
    await attach(lab);
    const script = "ip link delete vsw-nat; ip link add vsw-nat type bridge";
    await lab.host.exec(lab.host.ns, "sh", "-c", script);
    const before = await lab.host.snapshot(lab.everything);
    const done = await toolOf(lab)("repair", "web");
    expect(done.exitCode).toBe(1);
    expect(done.stdout).toContain("bridge vsw-nat");
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });
});
