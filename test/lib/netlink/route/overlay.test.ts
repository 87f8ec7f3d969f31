import { beforeAll, describe, expect, test } from "vitest";
import { noNamespace, runJson, titled } from "../../linux/own-namespace.ts";

describe.skipIf(noNamespace)(titled("an overlay in the real kernel"), () => {
  let out: Record<string, unknown> = {};
  beforeAll(() => {
    out = runJson("../netlink/route/overlay-in-kernel.ts") as Record<string, unknown>;
  });

  test("is links that learn nothing, with their checksums, over both families", () => {
    const data = { port: 4789, learning: false, df: "inherit", udp_csum: true };
    const checked6 = { udp_zero_csum6_tx: false, udp_zero_csum6_rx: false };
    expect(out.ip).toMatchObject([
      { ifname: "vt0", mtu: 1400, linkinfo: { info_data: { ...data, id: 4097, local: "192.0.2.1" } } },
      {
        ifname: "vt6",
        mtu: 1400,
        linkinfo: { info_data: { ...data, ...checked6, id: 4098, local6: "2001:db8::1" } },
      },
    ]);
    expect(out.links).toMatchObject([
      { vni: 4097, local: "192.0.2.1", udpPort: 4789, learning: false, df: "inherit" },
      { vni: 4098, local: "2001:db8::1", udpPort: 4789, learning: false, df: "inherit" },
    ]);
  });

  test("carries both families over both, by routes whose next hop has an IPv6 address", () => {
    expect(out.reached).toEqual(["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"]);
    expect(out.nexthops).toEqual([{ id: 40, index: true, gateway: "fe80::2", onlink: true, protocol: 118 }]);
    expect(out.routes).toEqual([
      ["10.40.1.0/24", 40, "fe80::2"],
      ["10.60.1.0/24", 60, "fe80::2"],
    ]);
    expect(out.rows).toEqual([["02:00:00:00:00:02", "192.0.2.2", "self", "permanent"]]);
    expect(out.noLink).toEqual(["ok", "0"]);
  });

  test("goes on when a side's outer address changes and its row with it", () => {
    expect(out).toMatchObject({
      moved: ["ok", "EOPNOTSUPP"],
      afterMove: ["ECONNREFUSED", "192.0.2.3"],
      moved6: ["ok"],
    });
  });

  test("floods to several ends by rows that are appended, once each", () => {
    expect(out.flood).toEqual(["ok", "ok", "ok", "EOPNOTSUPP"]);
  });

  test("is refused an end of the other family, a name or VNI twice, and a next hop that is not there", () => {
    expect(out.refused).toEqual(["EAFNOSUPPORT", "EEXIST", "EEXIST", "EINVAL", "EINVAL"]);
  });

  test("has unreachable routes of low priority below its own", () => {
    expect(out.unreachable).toEqual(["ok", "ok"]);
    expect(out.unreachables).toEqual([
      ["10.40.0.0/16", 4000],
      ["fd00:40::/32", 4000],
    ]);
  });

  test("takes the deletion of an end that a MAC has not, and keeps those that it has", () => {
    expect(out.deletedEnds).toEqual(["ok", "ok"]);
    expect(out.endsLeft).toEqual(["192.0.2.2"]);
  });

  test("loses with a next hop object the routes that used it", () => {
    expect(out.removed).toEqual(["ok", "ok", "ENOENT", "ok", "ENOENT"]);
    expect(out.routesLeft).toEqual(["10.60.1.0/24"]);
  });

  test("has rows of its bridge beside its own as a port", () => {
    expect(out.port).toEqual(["ok", "ENOENT"]);
    expect(out.portRows).toEqual([
      ["02:00:00:00:00:0a", "master", "noarp", true],
      ["02:00:00:00:00:01", "master", "permanent", true],
      ["02:00:00:00:00:02", "self", "permanent", false],
    ]);
  });
});
