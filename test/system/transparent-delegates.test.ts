import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab } from "./lan-lab.ts";
import { binDir, type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolPath } from "./run-program.ts";

const referenceDir = "/usr/lib/cni";
const missing = ["host-local", "static", "dhcp", "tuning", "bandwidth"].find(
  (name) => !existsSync(join(referenceDir, name)),
);
const reason =
  whyNoNat() ?? (missing === undefined ? undefined : `${referenceDir}/${missing} is not installed`);
const noDnsmasq =
  Bun.which("dnsmasq", { PATH: toolPath }) === null ? " (the program dnsmasq is not installed)" : "";

// The newest version that Debian's reference plugins speak.
const cniVersion = "1.0.0";
const env = { CNI_PATH: `${binDir}:${referenceDir}` };
const macvlans = ({ host }: NatLab, ns: Parameters<NatLab["host"]["exec"]>[0]) =>
  host.exec(ns, "ip", "-o", "link", "show", "type", "macvlan");

describe.skipIf(reason !== undefined)(
  `addresses of a transparent network by other plugins${reason ? ` (${reason})` : ""}`,
  () => {
    it.each([
      [
        "host-local",
        {
          type: "host-local",
          ranges: [
            [{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.100", gateway: "192.0.2.2" }],
            [{ subnet: "2001:db8::/64", rangeStart: "2001:db8::100", gateway: "2001:db8::2" }],
          ],
        },
      ],
      [
        "static",
        {
          type: "static",
          addresses: [
            { address: "192.0.2.130/24", gateway: "192.0.2.2" },
            { address: "2001:db8::130/64", gateway: "2001:db8::2" },
          ],
          routes: [{ dst: "198.51.100.0/24", gw: "192.0.2.2" }],
        },
      ],
    ])("of the reference %s are those of the container, which CHECK and DEL know", async (type, ipam) => {
      await using lab = await createLanLab();
      const { host } = lab;
      const folder = join(host.dir, "leases");
      const config = { cniVersion, ipam: type === "host-local" ? { ...ipam, dataDir: folder } : ipam };
      const before = await host.snapshot({ folders: [folder] });
      const a = await lab.add({ config, env });
      expect(a.result.ips.map(({ interface: index }) => index)).toEqual([0, 0]);
      expect(a.result.interfaces).toMatchObject([{ name: "eth0", sandbox: a.ns.path }]);
      expect(await host.answersPing(a.ns, uplink.outside4)).toBe(true);
      expect(await host.answersPing(host.outside, a.ip6)).toBe(true);
      expect(await lab.check(a)).toMatchObject({ exitCode: 0 });
      await lab.done("DEL", a);
      expect(await macvlans(lab, a.ns)).toBe("");
      const left = [...(await host.snapshot({ folders: [folder] }))].filter(
        ([section]) => !section.startsWith("files"),
      );
      expect(left).toEqual([...before].filter(([section]) => !section.startsWith("files")));
    });

    it.for([["the reference dhcp", { type: "dhcp" }]] as const)(
      `of %s come from a server on the LAN, which the vNIC asks before it has one${noDnsmasq}`,
      async ([, ipam], { skip }) => {
        skip(noDnsmasq !== "", noDnsmasq);
        await using lab = await createLanLab();
        const { host } = lab;
        const socket = join(host.dir, "dhcp.sock");
        host.start(host.outside, [
          "dnsmasq",
          ...["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping"],
          ...["--interface=eth0", "--bind-interfaces", "--log-facility=-", "--log-dhcp"],
          ...[
            `--dhcp-leasefile=${join(host.dir, "dnsmasq.leases")}`,
            `--pid-file=${join(host.dir, "dnsmasq.pid")}`,
          ],
          ...[
            "--dhcp-range=192.0.2.200,192.0.2.220,255.255.255.0,2m",
            "--dhcp-option=option:router,192.0.2.2",
          ],
        ]);
        // The daemon enters compartments by their paths.
        host.start(host.ns, [join(referenceDir, "dhcp"), "daemon", "-socketpath", socket]);
        await expect.poll(() => existsSync(socket), { timeout: 5000 }).toBe(true);
        await expect
          .poll(() => host.exec(host.outside, "ss", "-Huln", "sport = :67"), { timeout: 5000 })
          .toContain(":67");
        const config = { cniVersion, ipam: { ...ipam, daemonSocketPath: socket } };
        const a = await lab.add({ config, env });
        expect(a.ip4).toMatch(/^192\.0\.2\.2[012]\d$/);
        expect(await host.answersPing(a.ns, uplink.outside4)).toBe(true);
        expect(await host.answersPing(host.outside, a.ip4)).toBe(true);
        expect(await host.exec(a.ns, "ip", "route", "show", "default")).toContain("via 192.0.2.2");
        expect(await lab.check(a)).toMatchObject({ exitCode: 0 });
        await lab.done("DEL", a);
        expect(await macvlans(lab, a.ns)).toBe("");
      },
    );

    it("that do not come, as no server answers, leave nothing", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const ns = await host.compartment();
      const config = { cniVersion, ipam: { type: "dhcp", daemonSocketPath: join(host.dir, "none.sock") } };
      const before = await host.snapshot(lab.everything);
      const refused = await lab.refused("ADD", { id: "x", netns: ns.path, config, env });
      expect(refused.msg).toContain("none.sock");
      expect(await macvlans(lab, ns)).toBe("");
      expect(await host.changes(before, lab.everything)).toBe("");
    });

    it.each([
      ["no ipam", {}],
      ["an empty ipam", { ipam: {} }],
    ])(
      "may be none: %s gives a link that is up, and that a container may give what it likes",
      async (_, config) => {
        await using lab = await createLanLab();
        const { host } = lab;
        const before = await host.snapshot();
        const a = await lab.add({ config });
        expect(a.result).not.toHaveProperty("ips");
        expect(a.result.interfaces).toMatchObject([{ name: "eth0", sandbox: a.ns.path }]);
        await host.exec(a.ns, "ip", "address", "add", "192.0.2.140/24", "dev", "eth0");
        expect(await host.answersPing(a.ns, uplink.outside4)).toBe(true);
        expect(await lab.check(a)).toMatchObject({ exitCode: 0 });
        await host.exec(a.ns, "ip", "link", "set", "eth0", "down");
        expect(JSON.parse((await lab.check(a)).stdout)).toMatchObject({ code: 109 });
        await lab.done("DEL", a);
        expect(await host.changes(before)).toBe("");
      },
    );
  },
);

describe.skipIf(reason !== undefined)(
  `plugins that come after a transparent network${reason ? ` (${reason})` : ""}`,
  () => {
    const chained = async (
      lab: NatLab,
      type: string,
      config: object,
      verb: string,
      ask: Parameters<NatLab["call"]>[1],
    ) => {
      const { prevResult, ...of } = ask;
      const stdin = { cniVersion, name: "transparent", type, ...config, prevResult };
      return lab.host.plugin(join(referenceDir, type), {
        verb,
        env: {
          CNI_CONTAINERID: of.id ?? "",
          CNI_NETNS: of.netns ?? "",
          CNI_IFNAME: "eth0",
          CNI_PATH: referenceDir,
        },
        stdin,
      });
    };

    it("as the reference tuning may set its MAC, which CHECK takes from prevResult", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const a = await lab.add({
        config: {
          cniVersion,
          ipam: { subnet: "192.0.2.0/24", rangeStart: "192.0.2.100", gateway: "192.0.2.2" },
        },
      });
      const tuning = { mac: "02:00:00:00:00:77" };
      const ask = { id: a.id, netns: a.ns.path, prevResult: a.result };
      const tuned = await chained(lab, "tuning", tuning, "ADD", ask);
      expect(tuned).toMatchObject({ exitCode: 0 });
      const prevResult = JSON.parse(tuned.stdout);
      expect(await lab.call("CHECK", { ...a, prevResult })).toMatchObject({ exitCode: 0 });
      expect(await host.answersPing(a.ns, uplink.outside4)).toBe(true);
      expect(await chained(lab, "tuning", tuning, "DEL", { ...ask, prevResult })).toMatchObject({
        exitCode: 0,
      });
      await lab.done("DEL", a);
      expect(await macvlans(lab, a.ns)).toBe("");
    });

    it("as the reference bandwidth find no end of it on the host, say so, and DEL cleans what ADD made", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const before = await host.snapshot();
      const a = await lab.add({
        config: { cniVersion, ipam: { subnet: "192.0.2.0/24", rangeStart: "192.0.2.100" } },
      });
      const rates = {
        ingressRate: 8_000_000,
        ingressBurst: 800_000,
        egressRate: 8_000_000,
        egressBurst: 800_000,
      };
      const ask = { id: a.id, netns: a.ns.path, prevResult: a.result };
      const refused = await chained(lab, "bandwidth", rates, "ADD", ask);
      expect(refused).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("has no veth peer") });
      await chained(lab, "bandwidth", rates, "DEL", ask);
      await lab.done("DEL", a);
      expect(await host.changes(before)).toBe("");
    });
  },
);
