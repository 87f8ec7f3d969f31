import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ownerKey } from "../../../lib/model/owner.ts";
import type { DhcpBackend } from "../../../lib/seam/dhcp-backend.ts";
import { ipamDataDir } from "../../../plugins/ipam/data-dir.ts";
import { cachedLeases } from "../../../plugins/ipam/libcni-cache.ts";
import { parseResolvConf } from "../../../plugins/ipam/resolv-conf.ts";
import { requireUsableFolder } from "../../../plugins/ipam/usable-folder.ts";
import { testFolder } from "../../lib/state/fixture.ts";
import { dhcpRow4 } from "../../lib/state/fixture-values.ts";
import { ipamFor } from "./fixture.ts";

/** A wire on which nobody listens. */
const noServer = {
  openHost: () => undefined,
  openLink: () => undefined,
} as Partial<DhcpBackend> as DhcpBackend;
const gone = { CNI_NETNS: "/run/netns/gone-for-ever" };

describe("DEL", () => {
  test("frees, may be repeated, and is success for what never was", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/24" });
    ipam.add("a");
    for (let i = 0; i < 5; i++) ipam.del("a");
    ipam.del("never");
    expect(ipam.store.leases.list()).toEqual([]);
  });

  test.each([{ subnet: "bogus" }, { subnet: 5 }, { subnett: "x" }, {}, { ranges: "all", dataDir: 5 }])(
    "needs no valid configuration (T69): %j",
    (ipamConfig) => {
      const ipam = ipamFor({ subnet: "10.1.0.0/24" });
      ipam.add("a");
      ipam.del("a", { ipam: { type: "ipam", ...ipamConfig } });
      expect(ipam.store.leases.list()).toEqual([]);
    },
  );

  test("never frees what another has got since (T66)", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/30" });
    ipam.add("a", {}, gone);
    ipam.add("b");
    ipam.del("a");
    expect(ipam.store.leases.list().map((lease) => lease.containerId)).toEqual(["b"]);
  });
});

describe("CHECK", () => {
  const made = () => {
    const ipam = ipamFor({ ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "fd00::/64" }]] });
    ipam.add("a");
    return ipam;
  };

  test("is content with what ADD gave, and with addresses of others beside it", () => {
    const ipam = made();
    ipam.check("a", ["10.1.0.2/24", "fd00::2/64"]);
    ipam.check("a", ["10.1.0.2/24", "fd00::2/64", "192.0.2.7/24"]);
    ipam.check("a", ["10.1.0.2/24", "fd00::2/64"], { ipam: { type: "ipam", subnet: "bogus" } });
  });

  test("of a container without a lease is error 3 (T75)", () => {
    expect(() => made().check("b", ["10.1.0.2/24"])).toThrow(expect.objectContaining({ code: 3 }));
  });

  test("names an address that is leased but not in prevResult, and the other way round", () => {
    const ipam = made();
    const drift = (text: string) =>
      expect.objectContaining({ code: 109, message: expect.stringContaining(text) });
    expect(() => ipam.check("a", ["10.1.0.2/24"])).toThrow(drift("fd00::2"));
    expect(() => ipam.check("a", ["10.1.0.2/24", "fd00::2/64", "10.1.0.9/24"])).toThrow(drift("10.1.0.9"));
  });

  test("changes nothing (T70)", () => {
    const ipam = made();
    const before = ipam.store.leases.list();
    for (let i = 0; i < 20; i++) ipam.check("a", ["10.1.0.2/24", "fd00::2/64"]);
    expect(ipam.store.leases.list()).toEqual(before);
  });
});

describe("GC", () => {
  const filled = () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/24" });
    for (let i = 0; i < 10; i++) ipam.add(`c${i}`);
    ipam.add("c0", { name: "other" });
    ipam.now += 1000;
    return ipam;
  };
  const left = (ipam: ReturnType<typeof filled>) =>
    ipam.store.leases.list("net").map((lease) => lease.containerId);

  test("frees what is not in the list, of this network only (T78, T80, T83)", () => {
    const ipam = filled();
    ipam.gc(["c1", "c4", "c7", "never", "c1"]);
    expect(left(ipam)).toEqual(["c1", "c4", "c7"]);
    expect(ipam.store.leases.list("other")).toHaveLength(1);
    ipam.gc(["c1", "c4", "c7"]);
    ipam.del("c2");
    expect(left(ipam)).toEqual(["c1", "c4", "c7"]);
  });

  test.each([[[]], [null]])("takes the list %j for what it says: nothing is valid (T79)", (list) => {
    const ipam = filled();
    ipam.gc(list);
    expect(left(ipam)).toEqual([]);
  });

  test("knows the key of the specification's first text", () => {
    const ipam = filled();
    ipam.gc(undefined, { "cni.dev/attachments": [{ containerID: "c3", ifname: "eth0" }] });
    expect(left(ipam)).toEqual(["c3"]);
  });

  test("leaves what is younger than itself (C81)", () => {
    const ipam = filled();
    ipam.add("young");
    ipam.gc([]);
    expect(left(ipam)).toEqual(["young"]);
  });

  test("leaves what a DHCP server lent after it began", () => {
    const ipam = ipamFor({ source: "dhcp" }, { dhcp: noServer });
    for (const [id, obtainedMs] of [
      ["old", ipam.now - 1],
      ["young", ipam.now],
    ] as const) {
      const row = dhcpRow4(id);
      ipam.store.dhcp.put({ ...row, lease: { ...row.lease, obtainedMs } });
    }
    ipam.gc([]);
    expect(ipam.store.dhcp.list().map(({ containerId }) => containerId)).toEqual(["young"]);
  });

  test("without a list frees only what is verifiably gone, and says what it left (C80)", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/24" });
    ipam.add("alive");
    ipam.add("dead", {}, gone);
    expect(() => ipam.gc(undefined)).toThrow(
      expect.objectContaining({
        code: 7,
        message: expect.stringContaining("cni.dev/valid-attachments"),
        details: expect.stringContaining("1 leases stay"),
      }),
    );
    expect(left(ipam)).toEqual(["alive"]);
    ipam.del("alive");
    ipam.gc(undefined);
  });

  test("without a list gives back what a server lent to a container that is gone", () => {
    const ipam = ipamFor({ source: "dhcp" }, { dhcp: noServer });
    ipam.store.dhcp.put({ ...dhcpRow4("alive"), netns: "/proc/self/ns/net" });
    ipam.store.dhcp.put({ ...dhcpRow4("dead"), netns: gone.CNI_NETNS });
    expect(() => ipam.gc(undefined)).toThrow(
      expect.objectContaining({ details: expect.stringContaining("1 leases stay") }),
    );
    expect(ipam.store.dhcp.list().map(({ containerId }) => containerId)).toEqual(["alive"]);
  });
});

describe("STATUS (T87)", () => {
  test("is content while one address is free, or could be made free", () => {
    const ipam = ipamFor({ subnet: "10.1.0.0/30" });
    ipam.status();
    ipam.add("a");
    expect(() => ipam.status()).toThrow(
      expect.objectContaining({ code: 50, message: expect.stringContaining("10.1.0") }),
    );
    ipam.del("a");
    ipam.add("b", {}, gone);
    ipam.status();
    expect(ipam.store.leases.list()).toHaveLength(1);
  });

  test("is 50 when one of several sets is full", () => {
    const ipam = ipamFor({ ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "10.2.0.0/30" }]] });
    ipam.add("a");
    expect(() => ipam.status()).toThrow(expect.objectContaining({ code: 50 }));
  });

  test("judges the configuration as ADD would", () => {
    expect(() => ipamFor({ subnet: "10.1.0.7/24" }).status()).toThrow(expect.objectContaining({ code: 7 }));
  });

  test("wants a folder that could be written", () => {
    requireUsableFolder(testFolder());
    requireUsableFolder(join(testFolder(), "not", "yet"));
    const file = join(testFolder(), "file");
    writeFileSync(file, "");
    expect(() => requireUsableFolder(file)).toThrow(
      expect.objectContaining({ code: 50, message: expect.stringContaining(file) }),
    );
  });
});

describe("dataDir", () => {
  const conf = (raw: Readonly<Record<string, unknown>>, ipam?: Readonly<Record<string, unknown>>) => ({
    raw,
    ipam: ipam && { type: "ipam", raw: ipam },
  });
  test("is ipam's, else the network's, else VSWITCH_DATA_DIR, else the default", () => {
    const env = { VSWITCH_DATA_DIR: "/env" };
    expect(ipamDataDir(conf({ dataDir: "/net" }, { dataDir: "/ipam" }), env)).toBe("/ipam");
    expect(ipamDataDir(conf({ DataDir: "/net" }, { dataDir: 5 }), env)).toBe("/net");
    expect(ipamDataDir(conf({ dataDir: "" }), env)).toBe("/env");
    expect(ipamDataDir(conf({}), {})).toBe("/var/lib/cni/vswitch");
  });
});

test("resolv.conf: the last search and domain count, comments and unknown words do not", () => {
  expect(
    parseResolvConf(
      "search a\nsearch b c # d\n;nameserver 1.1.1.1\n nameserver 9.9.9.9\nsortlist x\ndomain\n",
    ),
  ).toEqual({
    nameservers: ["9.9.9.9"],
    search: ["b", "c"],
  });
});

describe("libcni's cache", () => {
  const entry = (over: object) =>
    JSON.stringify({
      kind: "cniCacheV1",
      containerId: "a",
      ifName: "eth0",
      networkName: "net",
      result: { cniVersion: "1.0.0", ips: [{ address: "10.1.0.5/24" }, { address: "fd00::5/64" }] },
      ...over,
    });

  test("tells the addresses in use, of every result version; what cannot be read is passed over", () => {
    const folder = testFolder();
    writeFileSync(join(folder, "net-a-eth0"), entry({ netns: "/run/netns/a" }));
    writeFileSync(
      join(folder, "net-b-eth0"),
      entry({
        containerId: "b",
        result: { cniVersion: "0.4.0", ips: [{ version: "4", address: "10.1.0.6/24" }] },
      }),
    );
    writeFileSync(join(folder, "net-c-eth0"), "{");
    writeFileSync(join(folder, "net-d-eth0"), entry({ result: null }));
    mkdirSync(join(folder, "folder"));
    const key = ownerKey({ network: "net", containerId: "a", ifname: "eth0" });
    const a = { network: "net", containerId: "a", ifname: "eth0", key, netns: "/run/netns/a" };
    expect(cachedLeases(folder, 0)).toEqual([
      { ...a, address: "10.1.0.5" },
      { ...a, address: "fd00::5" },
      expect.objectContaining({ containerId: "b", address: "10.1.0.6", netns: "" }),
    ]);
    expect(cachedLeases(folder, Date.now() + 60_000)).toEqual([]);
    expect(cachedLeases("/nonexistent", 0)).toEqual([]);
  });
});
