import { Database } from "bun:sqlite";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LAYOUT_VERSION } from "../../lib/linux/layout/table.ts";
import { uplink } from "./host.ts";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const ours = ["inet", "bridge"].map((family) => `${family} layout ${LAYOUT_VERSION}`);
const layout1 = join(import.meta.dirname, "../golden/nft/layout-1.nft");
const sets1 = ["switches", "nat4", "nat6", "direct4", "direct6"];
const maps1 = ["published4", "published6", "published4_any", "published6_any"];
const nobody: Readonly<Record<string, unknown>> = { "cni.dev/valid-attachments": [] };

/** Makes of the host what the first release left: one table, fewer sets, plans without policies but published ports. */
async function downgrade({ host, dataDir }: NatLab): Promise<void> {
  const nft = (...words: string[]) => host.exec(host.ns, "nft", ...words);
  const elements = [
    ...(await Promise.all(sets1.map((name) => nft("list", "set", "inet", "vswitch", name)))),
    ...(await Promise.all(maps1.map((name) => nft("list", "map", "inet", "vswitch", name)))),
  ];
  await nft("delete table inet vswitch; delete table bridge vswitch");
  await nft("-f", layout1);
  for (const text of elements) await nft(text);
  const state = new Database(join(dataDir, "state.db"));
  for (const { key, plan } of state
    .query<{ key: string; plan: string }, []>("SELECT key, plan FROM endpoints")
    .all()) {
    const { port, ...rest } = JSON.parse(plan);
    const policies = port.policies.filter(({ kind }: { kind: string }) => kind === "PortMapping");
    const old = { ...rest, port: { name: port.name, policies } };
    state.query("UPDATE endpoints SET plan = ? WHERE key = ?").run(JSON.stringify(old), key);
  }
  state.close();
}

async function layoutOf({ host }: NatLab): Promise<readonly string[]> {
  const text = await host.exec(host.ns, "nft", "list", "ruleset");
  return [...text.matchAll(/^table (\w+) vswitch \{\n\tcomment "vswitch-cni, (layout \d+)"/gm)].map(
    ([, family, version]) => `${family} ${version}`,
  );
}

const reaches = async ({ host }: NatLab, port: number): Promise<boolean> =>
  host.answers(host.outside, { protocol: "tcp", address: uplink.host4, port, timeoutMs: 500 });

describe.skipIf(reason !== undefined)(
  `a host with the first release's table${reason ? ` (${reason})` : ""}`,
  () => {
    async function used(): Promise<{ lab: NatLab; web: Attached; second: Attached }> {
      const lab = await createLab();
      const web = await lab.add({ runtimeConfig: publish("8080:80/tcp") });
      const second = await lab.add({ config: other, runtimeConfig: publish("[2001:db8::1]:8053:53/udp") });
      await lab.host.echo(web.ns, { protocol: "tcp", address: "::", port: 80 });
      await lab.host.echo(second.ns, { protocol: "udp", address: "::", port: 53 });
      await downgrade(lab);
      expect(await layoutOf(lab)).toEqual(["inet layout 1"]);
      expect(await reaches(lab, 8080)).toBe(true);
      return { lab, web, second };
    }

    it("gets ours with the next ADD, and the elements of all attachments that are alive", async () => {
      const { lab, web, second } = await used();
      await using made = lab;
      const { host } = made;
      const gone = await lab.add({ id: "gone", runtimeConfig: publish("8081:80/tcp") });
      await downgrade(lab);
      await host.remove(gone.ns);
      const next = await lab.add({ config: { ...dual, name: "third", ipam: { subnet: "10.63.0.0/24" } } });
      expect(await layoutOf(lab)).toEqual(ours);
      for (const attached of [web, second, next]) {
        const checked = await lab.check(attached);
        expect({ stdout: checked.stdout, exitCode: checked.exitCode }).toEqual({ stdout: "", exitCode: 0 });
        expect(await host.answersPing(attached.ns, uplink.outside4)).toBe(true);
      }
      expect(await reaches(lab, 8080)).toBe(true);
      const dns = { protocol: "udp", address: uplink.host6, port: 8053 } as const;
      expect(await host.answers(host.outside, dns)).toBe(true);
      const text = await host.exec(host.ns, "nft", "list", "ruleset");
      expect(text).not.toContain("8081");
      // Networks of the first release reached each other; now none said that it may be reached.
      expect(await host.answersPing(web.ns, second.ip4)).toBe(false);
      const third = await lab.add();
      expect(await host.answersPing(third.ns, web.ip4)).toBe(true);
    });

    it("gets ours once, whoever comes first of several at a time", async () => {
      const { lab, web, second } = await used();
      await using made = lab;
      const more = await Promise.all(Array.from({ length: 6 }, (_, i) => made.add({ id: `at-once-${i}` })));
      expect(await layoutOf(lab)).toEqual(ours);
      for (const attached of [web, second, ...more])
        expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
      expect(await reaches(lab, 8080)).toBe(true);
    });

    it.each(["with", "without"])("can be left again before that, %s its state", async (state) => {
      const { lab, web, second } = await used();
      await using made = lab;
      const { host } = made;
      await lab.done("DEL", web);
      expect(await host.exec(host.ns, "nft", "list", "ruleset")).not.toContain("8080");
      expect(await host.answersPing(second.ns, uplink.outside4)).toBe(true);
      if (state === "without") await host.exec(host.ns, "rm", "-r", lab.dataDir);
      for (const config of [second.config, dual]) await lab.done("GC", { config: { ...config, ...nobody } });
      expect(await host.exec(host.ns, "nft", "list", "ruleset")).toBe("");
      const links = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show"));
      expect(links.map(({ ifname }: { ifname: string }) => ifname)).toEqual(["lo", "eth0"]);
    });

    it("is told of by CHECK", async () => {
      const { lab, web } = await used();
      await using made = lab;
      const checked = await made.check(web);
      expect(JSON.parse(checked.stdout)).toMatchObject({ code: 109 });
    });
  },
);

describe.skipIf(reason !== undefined)(
  `a host with a later release's tables${reason ? ` (${reason})` : ""}`,
  () => {
    it("is left as it is by ADD, and DEL takes what it can", async () => {
      await using lab = await createLab();
      const { host } = lab;
      const first = await lab.add({ runtimeConfig: publish("8080:80/tcp") });
      const nft = (...words: string[]) => host.exec(host.ns, "nft", ...words);
      const text = await nft("list", "ruleset");
      await nft("delete table inet vswitch");
      await nft('add table inet vswitch { comment "vswitch-cni, layout 9"; }; add chain inet vswitch later');
      const before = await nft("list", "ruleset");
      const ns = await host.compartment();
      const refused = await lab.refused("ADD", { id: "x", netns: ns.path });
      expect(refused).toMatchObject({ code: 108 });
      expect(refused.msg).toContain(`has layout 9, the configuration wants layout ${LAYOUT_VERSION}`);
      expect(await nft("list", "ruleset")).toBe(before);
      expect(text).toContain("8080");
      await lab.done("DEL", first);
      expect(await nft("list", "ruleset")).toContain("chain later");
      expect((await lab.rows()).filter((row) => row.startsWith("endpoints"))).toEqual([]);
    });
  },
);
