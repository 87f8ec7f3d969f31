import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lan, lanWith, secondLan } from "./lan-lab.ts";
import type { Namespace } from "./namespaces.ts";
import { binDir, type NatLab, whyNoNat } from "./nat-lab.ts";
import { runPlugin } from "./plugin.ts";

const reason = whyNoNat();

/** What a container may be asked to have, and what the machine of the LAN has to have for a conflict. */
const families = [
  {
    ...{ family: "IPv4", ip: "192.0.2.127", length: 24 },
    answers: { family: "arp", are: "arp operation reply" },
    answer: /Reply 192\.0\.2\.127 is-at/,
    question: /Request who-has 192\.0\.2\.127 .*tell 0\.0\.0\.0/,
  },
  {
    ...{ family: "IPv6", ip: "2001:db8::127", length: 64 },
    answers: { family: "ip6", are: "icmpv6 type nd-neighbor-advert" },
    answer: /neighbor advertisement, tgt is 2001:db8::127,/,
    question: /neighbor solicitation, who has 2001:db8::127,/,
  },
] as const;

async function macOf({ host }: NatLab, ns: Namespace, device: string): Promise<string> {
  const [link] = JSON.parse(await host.exec(ns, "ip", "-j", "link", "show", "dev", device)) as [
    { readonly address: string },
  ];
  return link.address;
}

/** An answer ends the wait at once; on a machine that is busy it may take longer than the default. */
const dad = 2000;

/** An address for a container without an ipam of ours: the reference plugin `static`. */
const fixed = (...addresses: readonly string[]) => ({
  cniVersion: "1.0.0",
  dad,
  ipam: { type: "static", addresses: addresses.map((address) => ({ address })) },
});
const delegates = { CNI_PATH: `${binDir}:/usr/lib/cni` };

/** Everything that could be left: the host, its state, and the compartment. */
async function everything(lab: NatLab, ns: Namespace) {
  const [host, inside] = [await lab.host.snapshot(lab.everything), await lab.host.snapshot({}, ns)];
  return [...host, ...inside];
}

describe.skipIf(reason !== undefined)(
  `addresses of a transparent network${reason ? ` (${reason})` : ""}`,
  () => {
    it.each(families)(
      "of $family that somebody on the LAN has are refused with the MAC of who has them, and nothing is left",
      async ({ ip, length }) => {
        await using lab = await createLanLab();
        const { host } = lab;
        await host.exec(host.outside, "ip", "address", "add", `${ip}/${length}`, "dev", "eth0", "nodad");
        const ns = await host.compartment();
        for (const [config, env] of [
          [lanWith({ dad, args: { cni: { ips: [ip] } } }), {}],
          [fixed(`${ip}/${length}`), delegates],
        ] as const) {
          const before = await everything(lab, ns);
          const refused = await lab.refused("ADD", { id: "x", netns: ns.path, config, env });
          expect(refused).toMatchObject({ code: 103 });
          expect(refused.msg).toContain(`${ip} is in use: ${await macOf(lab, host.outside, "eth0")}`);
          expect(await everything(lab, ns)).toEqual(before);
        }
        const { ip4, ip6 } = await lab.add({ id: "x", ns });
        expect([ip4, ip6]).not.toContain(ip);
      },
    );

    it.each(families)(
      "of $family are taken where who has them answers twice more and is silent then",
      async ({ ip, length, answers, answer, question }) => {
        await using lab = await createLanLab();
        const { host } = lab;
        await host.exec(host.outside, "ip", "address", "add", `${ip}/${length}`, "dev", "eth0", "nodad");
        const rules = `table ${answers.family} leaving {
          chain out { type filter hook output priority 0; ${answers.are} numgen inc mod 1000 >= 2 drop; }
        }`;
        await host.run(host.outside, ["nft", "-f", "-"], { input: rules });
        await using capture = await host.capture(host.outside, "eth0", "arp or icmp6");
        // The first question waits for its answer however busy the machine is.
        const { ip4, ip6 } = await lab.add({ config: lanWith({ dad, args: { cni: { ips: [ip] } } }) });
        expect([ip4, ip6]).toContain(ip);
        const holder = await macOf(lab, host.outside, "eth0");
        const packets = capture.packets();
        const isAnswer = (line: string) => line.startsWith(holder) && answer.test(line);
        expect(packets.filter(isAnswer)).toHaveLength(2);
        const silent = packets.slice(packets.findLastIndex(isAnswer) + 1);
        expect(silent.filter((line) => question.test(line)).length).toBeGreaterThanOrEqual(3);
      },
    );

    it.each(families)("of $family are taken unasked where `dad` is off", async ({ ip, length }) => {
      await using lab = await createLanLab();
      const { host } = lab;
      await host.exec(host.outside, "ip", "address", "add", `${ip}/${length}`, "dev", "eth0", "nodad");
      const config = lanWith({ dad: false, args: { cni: { ips: [ip] } } });
      const { ip4, ip6 } = await lab.add({ config });
      expect([ip4, ip6]).toContain(ip);
    });

    it("are asked for where the loopback of the compartment was never up", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const config = lanWith({
        dad,
        args: { cni: { ips: ["192.0.2.2"] } },
        ipam: { ...lan.ipam, ranges: [[{ subnet: "192.0.2.0/24", gateway: "192.0.2.254" }]] },
      });
      const ns = await host.compartment();
      // A namespace that nobody has touched, held by a process in it.
      const keeper = host.start(ns, ["unshare", "--net", "sleep", "60"]);
      const netns = `/proc/${keeper.pid}/ns/net`;
      await expect
        .poll(() => host.exec(ns, "readlink", netns))
        .not.toBe(await host.exec(ns, "readlink", "/proc/self/ns/net"));
      const refused = await lab.refused("ADD", { id: "x", netns, config });
      expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining("192.0.2.2 is in use") });
    });

    it("are asked for in a compartment that has another network already", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const first = await lab.add();
      await host.exec(host.outside, "ip", "address", "add", "192.0.2.177/24", "dev", "eth0");
      await host.exec(host.outside, "ip", "address", "add", "2001:db8::177/64", "dev", "eth0", "nodad");
      for (const ip of ["192.0.2.177", "2001:db8::177"]) {
        const config = secondLan({ dad, args: { cni: { ips: [ip] } } });
        const refused = await lab.refused("ADD", {
          id: first.id,
          netns: first.ns.path,
          ifname: "eth1",
          config,
        });
        expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining(`${ip} is in use`) });
      }
      expect(await host.answersPing(first.ns, uplink.outside4)).toBe(true);
      const second = await lab.add({ ...first, ifname: "eth1", config: secondLan({}) });
      expect(await host.exec(second.ns, "ip", "neighbour", "show", "nud", "failed")).toBe("");
    });

    it("that a container of another host has are refused there with its MAC", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const config = lanWith({ args: { cni: { ips: ["192.0.2.120", "2001:db8::120"] } } });
      const first = await lab.add({ config });
      // The machine beyond is a host with a state of its own.
      const ns = await host.compartment("far");
      const far = await runPlugin(host.outside, join(binDir, "transparent"), {
        verb: "ADD",
        env: {
          CNI_CONTAINERID: "far",
          CNI_NETNS: ns.path,
          CNI_IFNAME: "eth0",
          CNI_PATH: binDir,
          VSWITCH_DATA_DIR: join(host.dir, "far"),
        },
        stdin: {
          cniVersion: "1.1.0",
          name: "transparent",
          type: "transparent",
          uplink: "eth0",
          dad,
          ...config,
        },
      });
      expect(JSON.parse(far.stdout)).toMatchObject({
        code: 103,
        msg: expect.stringContaining(`${first.result.interfaces[0]?.mac} on the wire has it`),
      });
    });

    it("are announced, so that a machine with an old entry knows the new MAC at once", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      for (const { ip } of families) {
        const stale = ["lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "stale"];
        await host.exec(host.outside, "ip", "neighbour", "replace", ip, ...stale);
      }
      const config = lanWith({ args: { cni: { ips: families.map(({ ip }) => ip) } } });
      const { result } = await lab.add({ config });
      for (const { ip } of families) {
        await expect
          .poll(() => host.exec(host.outside, "ip", "neighbour", "show", ip), { timeout: 3000 })
          .toContain(`lladdr ${result.interfaces[0]?.mac}`);
      }
    });
  },
);
