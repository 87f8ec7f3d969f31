import { beforeAll, describe, expect, test } from "vitest";
import { noNamespace, runJson, titled } from "../../linux/own-namespace.ts";

describe.skipIf(noNamespace)(titled("the real kernel"), () => {
  let out: Record<string, unknown> = {};
  let sublinks: Record<string, unknown> = {};
  beforeAll(() => {
    out = runJson("../netlink/route/in-kernel.ts") as Record<string, unknown>;
    sublinks = runJson("../netlink/route/sublink-in-kernel.ts") as Record<string, unknown>;
  });

  test("makes a bridge with its own MAC, no spanning tree, and everything else by default", () => {
    expect(out.bridge).toMatchObject({
      ip: [
        {
          ifname: "br0",
          mtu: 1450,
          address: "02:00:00:00:00:01",
          linkinfo: {
            info_kind: "bridge",
            info_data: { stp_state: 0, vlan_filtering: 0, mcast_snooping: 1 },
          },
        },
      ],
      decoded: { stp: false, vlanFiltering: false, multicastSnooping: true },
      mac: "02:00:00:00:00:01",
      up: true,
    });
  });

  test("makes a veth pair by one message: a port of the bridge here, its peer in the compartment", () => {
    expect(out.created).toEqual([
      "ok",
      "ok",
      "ok",
      expect.stringMatching(/^EEXIST/),
      expect.stringMatching(/^EEXIST/),
      expect.stringMatching(/^ENODEV/),
      expect.stringMatching(/^ENODEV/),
    ]);
    expect(out.port).toMatchObject({
      ip: [
        {
          ifname: "vp1",
          mtu: 1450,
          txqlen: 500,
          master: "br0",
          address: "02:00:00:00:00:02",
          ifalias: "vswitch net/abc/eth0",
          inet6_addr_gen_mode: "none",
          flags: expect.arrayContaining(["UP"]),
          linkinfo: { info_slave_data: { hairpin: true, isolated: true, learning: true } },
        },
      ],
      peerIndex: true,
      nsid: 0,
      alias: "vswitch net/abc/eth0",
      kind: "veth",
      port: { hairpin: true, isolated: true, learning: true },
    });
  });

  test("numbers namespaces", () => {
    expect(out.nsid).toEqual({ known: [null], set: ["ok"], after: [42] });
  });

  test("filters dumps of links by bridge and kind", () => {
    expect(out.dumped).toEqual({ ports: ["vp1"], bridges: ["br0"], all: ["lo", "br0", "vp1"] });
  });

  test("sets up the inside: addresses usable at once, routes, neighbours", () => {
    expect((out.up as string[]).map((outcome) => outcome.split(":")[0])).toEqual([
      ...Array(5).fill("ok"),
      "EEXIST",
      ...Array(7).fill("ok"),
      "ENETUNREACH",
      "ok",
      "ok",
    ]);
    const { link, addresses, routes, routes6, neighbours, proxies } = out.inside as Record<string, unknown>;
    expect(link).toMatchObject([
      { mtu: 1400, address: "02:00:00:00:00:03", operstate: "UP", inet6_addr_gen_mode: "none" },
    ]);
    expect(addresses).toMatchObject([
      {
        addr_info: [
          { local: "10.1.2.3", prefixlen: 24, broadcast: "10.1.2.255", scope: "global", noprefixroute: true },
          { local: "fd00::3", prefixlen: 64, scope: "global", nodad: true },
        ],
      },
    ]);
    expect(addresses).not.toHaveProperty("0.addr_info.1.tentative");
    expect(routes).toMatchObject([
      { dst: "192.0.2.0/24", gateway: "198.51.100.1", table: "1000", flags: ["onlink"] },
      { dst: "default", gateway: "10.1.2.1", metric: 7, metrics: [{ mtu: 1300, advmss: 1200 }] },
      { dst: "10.1.2.0/24", scope: "link", prefsrc: "10.1.2.3" },
      { dst: "203.0.113.0/24", type: "unreachable" },
    ]);
    expect(routes6).toMatchObject([{ dst: "default", gateway: "fd00::1", dev: "eth0" }]);
    expect(neighbours).toMatchObject([
      { dst: "10.1.2.1", lladdr: "02:00:00:00:00:01", state: ["PERMANENT"] },
    ]);
    expect(proxies).toMatchObject([{ dst: "fd00::9", dev: "eth0" }]);
    expect(out.sysctl).toEqual(["1", "0"]);
  });

  test("reads back what is there, filtered", () => {
    expect(out.read).toEqual({
      addresses: ["10.1.2.3/24", "fd00::3/64"],
      v6: ["::1/128", "fd00::3/64"],
      tentative: 0,
      ours: ["192.0.2.0/24", "0.0.0.0/0", "10.1.2.0/24", "203.0.113.0/24", "::/0"],
      table: ["192.0.2.0/24"],
      noTable: [expect.stringMatching(/^ENOENT/)],
      loopback: expect.arrayContaining([1]),
      way: ["10.1.2.1"],
      noWay: [expect.stringMatching(/^EHOSTUNREACH/)],
      neighbours: ["02:00:00:00:00:01"],
      proxies: ["fd00::9"],
    });
    expect(new Set((out.read as { loopback: number[] }).loopback)).toEqual(new Set([1]));
  });

  test("removes one thing at a time and says when it was not there", () => {
    expect((out.removed as string[]).map((outcome) => outcome.split(":")[0])).toEqual([
      "ok",
      "ESRCH",
      "ok",
      "EADDRNOTAVAIL",
      "ok",
      "ENOENT",
      "ok",
      "ok",
      "ok",
    ]);
    expect(out.renamed).toBe(true);
    expect((out.freed as string[]).map((outcome) => outcome.split(":")[0])).toEqual(["ok", "ok", "ENODEV"]);
    expect(out.left).toEqual({ host: [], inside: [] });
  });

  test("makes links of other links here and in a compartment, by one message each", () => {
    expect(sublinks.made).toEqual(Array(5).fill("ok"));
    expect(sublinks.inside).toMatchObject([
      {
        ifname: "eth0",
        mtu: 1400,
        address: "02:00:00:00:00:05",
        link_netnsid: 0,
        linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } },
      },
    ]);
    expect(sublinks.hangsOnLower).toBe(true);
    expect(sublinks.beside).toMatchObject([{ link: "up0", address: "02:00:00:00:00:06" }]);
    expect(sublinks.read).toEqual(
      ["bridge", "private", "vepa", "passthru"].map((mode) => ({ kind: "macvlan", mode })),
    );
    expect(sublinks.refused).toEqual(["EEXIST", "EINVAL", "EINVAL", "EINVAL", "ENODEV"]);
    for (const outcome of sublinks.others as string[]) expect(outcome).toBeOneOf(["ok", "EOPNOTSUPP"]);
  });

  test("lets no two links of one lower link be up with one MAC", () => {
    expect(sublinks.twice).toEqual(["ok", "EADDRINUSE"]);
  });

  test("asks a link for an address, and knows who answered", () => {
    expect(sublinks).toMatchObject({
      unasked: ["ENOENT"],
      asked: ["ok", "ok", "ok"],
      answers: ["02:00:00:00:00:05 reachable", "02:00:00:00:00:05 reachable", "incomplete"],
      forgotten: ["ok", "ENOENT"],
    });
  });

  test("takes with a link what hangs on it, in a compartment too", () => {
    expect(sublinks).toMatchObject({ gone: ["ok", "ENODEV"], goneInside: true });
  });

  test("announces a link's addresses by itself, so that stale neighbours learn the new MAC", () => {
    const [stale, own] = ["02:00:00:00:00:99", "02:00:00:00:00:03"];
    expect(runJson("../netlink/route/announce-in-kernel.ts")).toEqual({
      carrier: true,
      before: [stale, stale],
      after: [own, own],
    });
  });
});
