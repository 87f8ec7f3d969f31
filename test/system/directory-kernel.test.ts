/** Each test leaves all as it found it: two hosts whose containers reach each other, with an agent on both. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { createDirectoryLab, type DirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { startSteady } from "./steady.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();

describe.skipIf(why)(`an agent${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let a: Attached;
  let b: Attached;
  let agents: Child[];

  beforeAll(async () => {
    lab = await createDirectoryLab();
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    agents = await Promise.all([lab.agent(first), lab.agent(second)]);
    [a, b] = await Promise.all([first.add(), second.add()]);
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
    await Promise.all([lab.says(first), lab.says(second)]);
  });
  afterAll(() => {
    console.log(agents[0]?.lines.join("\n"));
    return lab?.[Symbol.asyncDispose]();
  });

  const exec = (host: OverlayHost, script: string) => host.host.exec(host.host.ns, "sh", "-c", script);

  /** Rows by which the other host is reached, and from whom packets are taken. */
  const rows = async (host: OverlayHost): Promise<string> => {
    const shown = await exec(
      host,
      `ip route show proto 118; ip -6 route show proto 118; ip neigh show dev vsx-blue nud permanent; ip -6 neigh show dev vsx-blue nud permanent
       ip nexthop | sed 's/id [0-9]*//'; bridge fdb show dev vsx-blue; nft list set inet vswitch vteps4; nft list set inet vswitch tunnels; true`,
    );
    return shown
      .split("\n")
      .map((line) => line.replace(/nhid \d+ /, "").trim())
      .filter((line) => line !== "")
      .toSorted()
      .join("\n");
  };

  const damages = [
    [
      "a forwarding row",
      "bridge fdb del $(bridge fdb show dev vsx-blue | grep dst | cut -d' ' -f1) dev vsx-blue",
    ],
    [
      "a forwarding row that leads elsewhere",
      "bridge fdb replace $(bridge fdb show dev vsx-blue | grep dst | cut -d' ' -f1) dev vsx-blue dst 192.0.2.99",
    ],
    [
      "a neighbour",
      "ip neigh flush dev vsx-blue nud permanent; ip -6 neigh flush dev vsx-blue nud permanent",
    ],
    ["a route", "ip route del 10.40.2.0/24"],
    ["an IPv6 route", "ip -6 route del fd00:40:2::/64; ip -6 route del unreachable fd00:40::/32"],
    ["a next hop object", "ip nexthop flush dev vsx-blue"],
    ["who is let in", "nft flush set inet vswitch vteps4"],
    ["which packets are its own", "nft flush set inet vswitch tunnels"],
    ["all rules", "nft flush ruleset"],
    ["the tunnel", "ip link delete vsx-blue"],
    ["the bridge", "ip link delete vsw-blue"],
    ["the tunnel's state", "ip link set vsx-blue down"],
    ["the bridge's state", "ip link set vsw-blue down"],
    [
      "the tunnel's address and MTU",
      "ip link set vsx-blue mtu 1300; ip link set vsx-blue type vxlan local 192.0.2.99",
    ],
    [
      "its uplink for a while",
      "ip link set eth0 down; sleep 0.3; ip link set eth0 up; ip route add default via 192.0.2.254; ip -6 address add 2001:db8::1/64 dev eth0 nodad; ip -6 route add default via 2001:db8::254",
    ],
  ] as const;

  it.each(damages)("puts back %s", async (_, script) => {
    const before = await rows(first);
    await exec(first, script);
    await until(
      () => rows(first),
      (now) => now === before,
      `all as it was:\n${before}`,
      8000,
    ).catch(async (error) => {
      throw new Error(`${error.message}\nnow:\n${await rows(first)}`);
    });
    for (const address of [b.ip4, b.ip6])
      await until(() => first.host.answersPing(a.ns, address), Boolean, `an answer of ${address}`);
  });

  it("does not touch what others have on the host", async () => {
    await exec(
      first,
      "ip route add 203.0.113.0/24 via 192.0.2.254 proto 118 metric 7; ip nexthop add id 5 via 192.0.2.254 dev eth0",
    );
    await exec(first, "ip route del 10.40.2.0/24");
    await until(
      () => exec(first, "ip route show 10.40.2.0/24"),
      (text) => text !== "",
      "the route",
    );
    expect(await exec(first, "ip route show 203.0.113.0/24; ip nexthop show id 5")).toContain(
      "203.0.113.0/24",
    );
    await exec(first, "ip route del 203.0.113.0/24; ip nexthop del id 5");
  });

  it("takes the tunnel along when the uplink gets another address, and tells others", async () => {
    const mac = await exec(first, "ip -br link show vsx-blue | tr -s ' ' | cut -d' ' -f3");
    await exec(
      first,
      "ip address del 192.0.2.1/24 dev eth0; ip address add 192.0.2.51/24 dev eth0; ip route replace default via 192.0.2.254",
    );
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
    expect(await first.host.answersPing(a.ns, b.ip6)).toBe(true);
    expect(await exec(first, "ip -br link show vsx-blue | tr -s ' ' | cut -d' ' -f3")).toBe(mac);
    expect(await exec(second, "nft list set inet vswitch vteps4")).toContain("192.0.2.51");
    expect(await exec(second, "nft list set inet vswitch vteps4")).not.toContain("192.0.2.1 ");
    expect((await first.check(a)).exitCode).toBe(0);
    const c = await first.add();
    expect(await first.host.answersPing(c.ns, b.ip4)).toBe(true);
    await lab.says(first);
    await exec(
      first,
      "ip address del 192.0.2.51/24 dev eth0; ip address add 192.0.2.1/24 dev eth0; ip route replace default via 192.0.2.254",
    );
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
  });

  it("says that the uplink has no address, and none that it carries less than it did", async () => {
    await exec(first, "ip address del 192.0.2.1/24 dev eth0");
    await lab.names(first, "vtep-missing");
    await exec(first, "ip address add 192.0.2.1/24 dev eth0; ip route replace default via 192.0.2.254");
    await lab.says(first);
    await exec(first, "ip link set eth0 mtu 1400");
    await lab.says(first, "uplink-mtu");
    await until(
      () => exec(first, "ip route show 10.40.2.0/24"),
      (text) => text.includes("mtu 1350"),
      "the route's MTU",
    );
    // Whoever looks at it sees what the agent does: nothing to mend.
    expect(await first.check(a)).toMatchObject({ exitCode: 0, stdout: "" });
    await until(
      () => exec(second, "ip route show 10.40.1.0/24"),
      (text) => text.includes("mtu 1350"),
      "the other's",
    );
    await exec(first, "ip link set eth0 mtu 1500");
    await lab.says(first);
    await until(
      () => exec(first, "ip route show 10.40.2.0/24"),
      (text) => !text.includes("mtu 1350"),
      "the route's MTU",
    );
  });

  it("keeps a connection up while single rows are replaced", async () => {
    const steady = await startSteady(first, a.ns, b.ns, b.ip4);
    await lab.canary(first, second);
    const { lost, longestMs } = await steady.seen();
    expect({ lost, broken: longestMs > 400 }).toEqual({ lost: "", broken: false });
  });
});
