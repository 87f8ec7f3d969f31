import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CommandOutcome } from "./command.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { type CniFailure, type NatLab, whyNoNat } from "./nat-lab.ts";
import type { VerbRequest } from "./verb-child.ts";

const reason = whyNoNat();
const config = lanWith({ switch: "bridge" });

interface Case {
  readonly title: string;
  /** What makes the host such a one. */
  readonly script?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly code: number;
  readonly says: string;
}

const cases: readonly Case[] = [
  { title: "that does not exist", settings: { uplink: "eth7" }, code: 106, says: "eth7 does not exist" },
  {
    title: "that is down",
    script: "ip link set eth0 down",
    settings: { uplink: "eth0" },
    code: 106,
    says: "is down",
  },
  {
    title: "that carries no Ethernet frames",
    settings: { uplink: "lo" },
    code: 7,
    says: "lo carries no Ethernet",
  },
  {
    title: "that is a macvlan",
    script: "ip link add mv0 link eth0 type macvlan mode bridge; ip link set mv0 up",
    settings: { uplink: "mv0" },
    code: 7,
    says: "mv0 is of kind macvlan",
  },
  {
    title: "that is a bridge",
    script: "ip link add br0 type bridge; ip link set br0 up",
    settings: { uplink: "br0" },
    code: 7,
    says: "br0 is a bridge",
  },
  {
    title: "that is a port of another bridge",
    script: "ip link add br0 type bridge; ip link set br0 up; ip link set eth0 master br0",
    settings: { uplink: "eth0", checkUplink: false },
    code: 108,
    says: "eth0 is a part of br0 already",
  },
  {
    title: "with routes by next hop objects",
    script: "ip nexthop add id 5 via 192.0.2.2 dev eth0; ip route add 10.40.0.0/16 nhid 5",
    settings: {},
    code: 108,
    says: "next hop objects of the uplink (5)",
  },
  {
    title: "where something else has the bridge's name",
    script: "ip link add vsw-transparent type veth peer name other",
    settings: {},
    code: 108,
    says: "interface vsw-transparent is of kind veth",
  },
  {
    title: "where a bridge that is not ours has the bridge's name",
    script: "ip link add vsw-transparent type bridge",
    settings: {},
    code: 108,
    says: "bridge vsw-transparent is not ours",
  },
  { title: "with a mode, which is macvlan's", settings: { mode: "bridge" }, code: 7, says: "mode" },
  { title: "without access of the host", settings: { hostAccess: false }, code: 7, says: "hostAccess" },
  { title: "with more than the uplink carries", settings: { mtu: 9000 }, code: 7, says: "carries 1500" },
  {
    title: "for a macvlan, with a bridge's name",
    settings: { switch: "macvlan", bridge: "br0" },
    code: 7,
    says: "bridge",
  },
];

const dmi = {
  sys_vendor: "QEMU",
  product_name: "Standard PC",
  bios_vendor: "SeaBIOS",
  chassis_asset_tag: "",
};
const guesses = [
  { title: "a wireless uplink", files: { "class/net/eth0/phy80211/name": "phy0" }, says: "eth0 is wireless" },
  { title: "Amazon EC2", files: { "class/dmi/id/sys_vendor": "Amazon EC2" }, says: "Amazon EC2" },
  { title: "Google", files: { "class/dmi/id/product_name": "Google Compute Engine" }, says: "Google" },
  {
    title: "Azure",
    files: { "class/dmi/id/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77" },
    says: "Azure",
  },
  { title: "DigitalOcean", files: { "class/dmi/id/sys_vendor": "DigitalOcean" }, says: "DigitalOcean" },
  { title: "Hetzner", files: { "class/dmi/id/sys_vendor": "Hetzner" }, says: "Hetzner" },
];

/** ADD on a machine whose sysfs has these files. */
async function addWith(
  lab: NatLab,
  files: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, unknown>>,
): Promise<CommandOutcome> {
  const { host, dataDir } = lab;
  const sysRoot = join(host.dir, "sys");
  const firmware = Object.fromEntries(
    Object.entries(dmi).map(([name, text]) => [`class/dmi/id/${name}`, text]),
  );
  for (const [file, text] of Object.entries({ ...firmware, ...files })) {
    mkdirSync(dirname(join(sysRoot, file)), { recursive: true });
    writeFileSync(join(sysRoot, file), `${text}\n`);
  }
  const ns = await host.compartment();
  const request: VerbRequest = {
    sysRoot,
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "x",
      CNI_NETNS: ns.path,
      CNI_IFNAME: "eth0",
      CNI_PATH: "/usr/lib/cni",
      VSWITCH_DATA_DIR: dataDir,
    },
    config: { cniVersion: "1.1.0", name: "transparent", type: "transparent", ...config, ...settings },
  };
  const script = `${import.meta.dirname}/verb-child.ts`;
  return host.run(host.ns, [process.execPath, script, JSON.stringify(request)]);
}

describe.skipIf(reason !== undefined)(`a bridge${reason ? ` (${reason})` : ""}`, () => {
  it.each(cases)("is refused, and the host left as it was, on an uplink $title", async (one) => {
    await using lab = await createLanLab({ config });
    const { host } = lab;
    if (one.script !== undefined) await host.exec(host.ns, "sh", "-ec", one.script);
    const before = await host.snapshot();
    const ns = await host.compartment();
    const failure = await lab.refused("ADD", {
      id: "x",
      netns: ns.path,
      config: { ...config, ...one.settings },
    });
    expect(failure).toMatchObject({ code: one.code });
    expect(failure.msg).toContain(one.says);
    expect(await host.changes(before)).toBe("");
  });

  it.each(guesses)(
    "is refused where only one MAC may pass ($title), unless somebody knows better",
    async (one) => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const before = await host.snapshot();
      const refused = await addWith(lab, one.files, {});
      expect(refused.exitCode).toBe(1);
      const failure = JSON.parse(refused.stdout) as CniFailure;
      expect(failure.code).toBe(50);
      expect(failure.msg).toContain(one.says);
      expect(await host.changes(before)).toBe("");
      const sure = await addWith(lab, one.files, { checkUplink: false });
      expect([sure.exitCode, sure.stderr]).toEqual([0, ""]);
    },
  );

  it("is only said to be doubtful for a macvlan, which touches nothing of the host", async () => {
    await using lab = await createLanLab({ config });
    for (const { files, says } of guesses.slice(0, 1)) {
      const done = await addWith(lab, files, { switch: "macvlan" });
      expect([done.exitCode, done.stderr]).toEqual([0, expect.stringContaining(says)]);
    }
  });
});
