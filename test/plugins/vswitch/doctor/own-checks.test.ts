import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { configurations } from "../../../../plugins/vswitch/doctor/checks/configurations.ts";
import { diskSpace } from "../../../../plugins/vswitch/doctor/checks/disk-space.ts";
import { drift } from "../../../../plugins/vswitch/doctor/checks/drift.ts";
import { layout } from "../../../../plugins/vswitch/doctor/checks/layout.ts";
import { pluginFolders } from "../../../../plugins/vswitch/doctor/checks/plugin-folders.ts";
import { stale } from "../../../../plugins/vswitch/doctor/checks/stale.ts";
import { stateFile } from "../../../../plugins/vswitch/doctor/checks/state-file.ts";
import { scene } from "../graph/scenes.ts";
import { db, findings, patient, row, web } from "./patients.ts";

const differs = (plan: typeof web, ...differences: readonly (readonly [string, string, string])[]) => ({
  ...plan.owner,
  key: plan.key,
  verdict: "differs" as const,
  differences: differences.map(([what, expected, found]) => ({ what, expected, found })),
});
const noSwitch = ["switch vsw-nat", "present", "absent"] as const;
const noForwarding = ["IPv4 forwarding of the host", "present", "absent"] as const;

describe("drift", () => {
  test("is told once for what all attachments of a network have in common", async () => {
    const reports = () => [
      differs(web, noSwitch, ["MTU of port vp-f477b9d86859", "1500", "1400"], noForwarding),
      differs(db, noSwitch, noForwarding),
    ];
    expect(await findings(drift, { reports })).toEqual([
      "error: 2 attachments of network nat are not as planned",
      "  all: switch vsw-nat is missing",
      "  nat/web/eth0: MTU of port vp-f477b9d86859: expected 1500, found 1400",
      "  $ vswitch repair nat",
    ]);
  });

  test("is none where the compartment is gone, or where only forwarding is off: these have checks of their own", async () => {
    const reports = () => [differs(web, noSwitch), differs(db, noForwarding)];
    expect(await findings(drift, { reports, gone: ["/run/netns/web"] })).toEqual([]);
  });

  test("that repair does not mend comes with what does", async () => {
    const beyondRepair = { why: "its interface is gone", remedy: "restart the container" };
    const reports = () => [{ ...differs(web, noSwitch), beyondRepair }];
    const [found] = await drift.find(patient({ reports }));
    expect(found).toMatchObject({ remedy: "restart the container" });
    expect(found?.commands).toBeUndefined();
  });
});

describe("what is left of containers", () => {
  test("is a warning, with the reason for each; an ADD at work is none", async () => {
    const endpoints = [
      row(web),
      row(db, { bootId: "earlier" }),
      row(db, { containerId: "half", phase: "adding" }),
      row(db, { containerId: "new", phase: "adding", createdMs: 999_999_000 }),
    ];
    expect(await findings(stale, { remains: { endpoints }, gone: ["/run/netns/web"] })).toEqual([
      "warning: 3 things left of containers that are gone",
      "  endpoint nat/web/eth0: its compartment /run/netns/web is gone",
      "  endpoint nat/db/eth0: of an earlier boot",
      "  endpoint nat/half/eth0: its ADD did not come to its end",
      "  $ vswitch gc",
    ]);
  });

  test("is worth knowing when it is an address alone, or when nobody knows", async () => {
    const lease = {
      ...db.owner,
      key: "k",
      netns: "/gone",
      address: ip("10.61.0.9"),
      bootId: "boot",
      takenMs: 0,
    };
    const marks = [{ key: "a".repeat(32), addresses: [], ports: [] }];
    expect(await findings(stale, { remains: { leases: [lease], marks }, gone: ["/gone"] })).toEqual([
      "note: 1 thing left of containers that are gone",
      "  lease 10.61.0.9 of nat/db/eth0: its compartment /gone is gone",
      "  $ vswitch gc",
      "note: 1 thing that may be left of containers",
      "  port vp-aaaaaaaaaaaa: its network is not in this state: is it of another --data-dir?",
    ]);
  });
});

describe("our nftables tables", () => {
  test.each([
    ["current", []],
    [
      "absent",
      ["error: our nftables tables are gone: no NAT, no published ports, no policies", "  $ vswitch repair"],
    ],
    [
      "damaged",
      ["error: rules of our nftables tables are gone: somebody flushed them", "  $ vswitch repair"],
    ],
    [
      "foreign",
      [
        'error: an nftables table "vswitch" is not ours: no network can be attached to',
        "  inet vswitch or bridge vswitch",
        "  $ nft delete table inet vswitch",
        "  $ nft delete table bridge vswitch",
      ],
    ],
    [1, ["note: our nftables tables are of an older version", "  layout 1, this program writes 2"]],
    [
      3,
      [
        "error: our nftables tables are of a newer version: this program cannot use them",
        "  layout 3, this program writes 2",
      ],
    ],
  ] as const)("that are %s", async (state, expected) => {
    expect(await findings(layout, { probe: { layout: state } })).toEqual(expected);
  });

  test("that were flushed before the first container is there are worth knowing: its ADD mends them", async () => {
    expect(await findings(layout, { probe: { layout: "damaged" }, scene: scene([], []) })).toEqual([
      "note: rules of our nftables tables are gone: somebody flushed them",
    ]);
  });

  test("need not be there before the first container is", async () => {
    expect(await findings(layout, { probe: { layout: "absent" }, scene: scene([], []) })).toEqual([]);
  });
});

describe("the state file", () => {
  test("that others may write or read, or that is another's", async () => {
    const stats = { "/state": { permissions: 0o777 }, "/state/state.db": { permissions: 0o644 } };
    expect(await findings(stateFile, { stats })).toEqual([
      "error: /state may be written by others: plugins refuse it",
      "  owner 0, mode 0777",
      "  $ chmod 0700 /state",
      "warning: /state/state.db may be read by others",
      "  owner 0, mode 0644",
      "  $ chmod 0600 /state/state.db",
    ]);
    expect(await findings(stateFile, { stats: { "/state": { permissions: 0o700, user: 7 } } })).toEqual([
      "warning: /state belongs to another user",
      "  owner 7, mode 0700",
      "  $ chown 0 /state",
    ]);
  });

  test("that was damaged, is damaged now, or has grown", async () => {
    const stats = {
      "/state/state.db.corrupt-20260101T000000Z": {},
      "/state/state.db.corrupt-20260101T000000Z-wal": {},
      "/state/state.db": { bytes: 600 * 1024 * 1024 },
    };
    expect(await findings(stateFile, { stats, state: { warnings: ["it was damaged"] } })).toEqual([
      "warning: it was damaged",
      "note: the state file was damaged once, and rebuilt; the damaged copy is still there",
      "  state.db.corrupt-20260101T000000Z",
      "  $ rm /state/state.db.corrupt-*",
      "note: /state/state.db has 600 MiB",
      "  $ sqlite3 /state/state.db VACUUM",
    ]);
  });

  test.each([
    [{ freeBytes: 1e9 }, undefined],
    [{ freeBytes: 1e8 }, "warning: the file system of /state is nearly full"],
    [{ freeBytes: 1e6 }, "error: the file system of /state is full: ADD fails"],
    [{ freeBytes: 1e9, freeInodes: 3 }, "error: the file system of /state has no inodes left: ADD fails"],
  ])("on a file system with %j", async (space, title) => {
    expect((await findings(diskSpace, { space }))[0]).toBe(title);
  });
});

describe("configurations", () => {
  const list = (...plugins: readonly object[]) =>
    JSON.stringify({ cniVersion: "1.0.0", name: "net", plugins });

  test("that our plugins would refuse are an error with the plugin's own words", async () => {
    const texts = {
      "/conf/10-good.conflist": list({ type: "nat" }, { type: "portmap" }),
      "/conf/20-bad.conflist": list({ type: "nat", mtu: "large" }),
      "/conf/30-ipam.conf": JSON.stringify({
        cniVersion: "1.0.0",
        name: "b",
        type: "bridge",
        ipam: { type: "ipam", subnet: "10.0.0.0/33" },
      }),
      "/conf/40-overlay.conflist": list({ type: "vswitch-overlay", vni: 7 }),
      "/conf/50-microsoft.conflist": list({ type: "sdnoverlay", ipam: { subnet: "10.40.1.0/24" } }),
      "/conf/60-lan.conflist": list(
        { type: "transparent", uplink: "eth0" },
        { type: "transparent", vlan: 4095 },
      ),
      "/conf/notes.txt": "{",
    };
    const found = await findings(configurations, { texts });
    expect(found.filter((line) => line.startsWith("error"))).toEqual([
      "error: /conf/20-bad.conflist would be refused",
      "error: /conf/30-ipam.conf would be refused",
      "error: /conf/40-overlay.conflist would be refused",
      "error: /conf/50-microsoft.conflist would be refused",
      "error: /conf/60-lan.conflist would be refused",
    ]);
    expect(found.join("\n")).toContain("mtu");
    expect(found.join("\n")).toContain("10.0.0.0/33");
    expect(found.join("\n")).toContain("vni: expected 4096 to 65535");
    expect(found.join("\n")).toContain("RemoteSubnetRoute");
    expect(found.join("\n")).toContain("vlan");
  });

  test("keep their secrets, whatever is wrong with them", async () => {
    const texts = {
      "/conf/10-repeated.conflist": list({ type: "nat", psk: "tops3cret", mtu: "tops3cret" }),
      "/conf/20-details.conflist": list({
        type: "nat",
        psk: "tops3cret",
        ...Object.fromEntries(
          ["mtu", "exceptions", "dataDir", "additionalRoutes"].map((key) => [key, "tops3cret"]),
        ),
      }),
      "/conf/30-torn.conflist": '{"plugins": [{"psk": tops3cret}]}',
    };
    const found = await configurations.find(patient({ texts }));
    expect(found).toHaveLength(3);
    expect(JSON.stringify(found)).not.toContain("tops3cret");
    expect(found[2]?.seen).toEqual(["it is no JSON (33 characters)"]);
  });

  test("that cannot be read at all are worth knowing: nobody knows whose they are", async () => {
    const texts = { "/conf/a.conflist": "{", "/conf/b.conf": "[]", "/conf/c.conflist": '{"plugins": 1}' };
    const found = await findings(configurations, { texts });
    expect(found.filter((line) => !line.startsWith(" "))).toEqual([
      "note: /conf/a.conflist is no configuration",
      "note: /conf/b.conf is no configuration",
      "note: /conf/c.conflist is no configuration",
    ]);
  });

  test("name plugins that the runtime must find", async () => {
    const texts = {
      "/conf/10.conflist": list({ type: "nat", ipam: { type: "vswitch-ipam" } }, { type: "portmap" }),
    };
    expect(
      await findings(pluginFolders, { texts, stats: { "/opt/cni/bin/nat": { executable: true } } }),
    ).toEqual([
      "error: the runtime will not find the plugin vswitch-ipam",
      "  not in /opt/cni/bin",
      "  $ vswitch install --bin-dir /opt/cni/bin --names both",
    ]);
    expect(await findings(pluginFolders)).toEqual(["note: no configuration in /conf names our plugins"]);
  });
});
