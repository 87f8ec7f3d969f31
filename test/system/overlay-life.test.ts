import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Attached, other, publish, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import type { Snapshot } from "./snapshot.ts";

const why = whyNoNat();
const modes = [{ mode: "routed" }, { mode: "stretched" }] as const;

interface Scene extends AsyncDisposable {
  readonly lab: OverlayLab;
  readonly first: OverlayHost;
  /** Of the first host, before anything was there. */
  readonly before: Snapshot;
  /** On the first host two, with published ports, and one on the second. */
  readonly all: readonly [Attached, Attached, Attached];
}

async function scene(mode: "routed" | "stretched"): Promise<Scene> {
  const lab = await createOverlayLab({ mode });
  const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
  const { host } = first;
  // Nobody turns it off again.
  await host.exec(host.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  const before = await host.snapshot();
  const a = await first.add({ runtimeConfig: publish("8080:80/tcp") });
  const all = [a, await first.add(), await second.add()] as const;
  return { lab, first, before, all, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

const lose = ({ dataDir }: OverlayHost) => rmSync(dataDir, { recursive: true, force: true });
const reaches = async ({ first, all: [a, , b] }: Scene) => [
  await first.host.answersPing(a.ns, b.ip4),
  await first.host.answersPing(a.ns, b.ip6),
];

describe.skipIf(why).each(modes)(
  `the last of an overlay network on a host, $mode${why ? ` (${why})` : ""}`,
  ({ mode }) => {
    const nobody = (one: OverlayHost) => ({ config: { ...one.config, "cni.dev/valid-attachments": [] } });
    const ends: readonly (readonly [string, (one: Scene) => Promise<unknown>])[] = [
      ["as a runtime ends it", async () => {}],
      ["after its state was lost", async ({ first }) => lose(first)],
      ["with its compartments gone", ({ first, all: [a, c] }) => first.host.remove(a.ns, c.ns)],
      [
        "with tunnel and rules gone already",
        ({ first: { host, config } }) =>
          host.exec(host.ns, "sh", "-ec", `ip link delete vsx-${config.name}; nft flush ruleset`),
      ],
      [
        "with its bridge gone already",
        ({ first: { host, config } }) => host.exec(host.ns, "ip", "link", "delete", `vsw-${config.name}`),
      ],
      [
        "with its bridge gone already, and its state lost",
        async ({ first }) => {
          const { host, config } = first;
          await host.exec(host.ns, "ip", "link", "delete", `vsw-${config.name}`);
          lose(first);
        },
      ],
    ];

    it.each(ends)("leaves nothing of it: %s", async (_, prepare) => {
      await using one = await scene(mode);
      const { first, all, before } = one;
      await prepare(one);
      for (const { id, ns } of all.slice(0, 2)) {
        // Whatever has become of the file, DEL needs nothing of it.
        const config = { name: first.config.name, type: "overlay" };
        await first.done("DEL", { id, netns: ns.path, config });
      }
      await first.done("GC", nobody(first));
      expect(await first.host.changes(before)).toBe("");
      // And it may come again.
      const again = await first.add();
      expect(await first.host.answersPing(again.ns, all[2].ip4)).toBe(true);
    });

    it("goes with a GC of containers that nobody has deleted", async () => {
      await using one = await scene(mode);
      const { first, all, before } = one;
      await first.host.remove(all[0].ns);
      await first.done("GC", nobody(first));
      expect(await first.host.changes(before)).toBe("");
    });

    it("is rebuilt from marks where its state was lost, and goes on meanwhile", async () => {
      await using one = await scene(mode);
      const { first, all, before } = one;
      const { host } = first;
      const links = () =>
        host.exec(host.ns, "sh", "-c", "ip -br link show type vxlan; ip -br link show type bridge");
      const was = await links();
      lose(first);
      const late = await first.add({ id: "late" });
      expect(await links()).toBe(was);
      expect([late.ip4, late.ip6]).not.toContain(all[0].ip4);
      expect(await reaches(one)).toEqual([true, true]);
      expect(await host.answersPing(late.ns, all[2].ip4)).toBe(true);
      expect(await first.check(late)).toMatchObject({ exitCode: 0, stdout: "" });
      for (const { id, ns } of [late, ...all.slice(0, 2)]) await first.done("DEL", { id, netns: ns.path });
      await first.done("GC", nobody(first));
      expect(await host.changes(before)).toBe("");
    });

    it.each([
      ["", false],
      [", its state lost besides", true],
    ])(
      "comes back whole with the next ADD of another network, after nft flush ruleset%s",
      async (_, lost) => {
        await using one = await scene(mode);
        const { first, all } = one;
        const { host } = first;
        await host.exec(host.ns, "nft", "flush", "ruleset");
        if (lost) lose(first);
        await first.add({ id: "other", config: { ...other, type: "nat" } });
        expect(await reaches(one)).toEqual([true, true]);
        if (lost) return;
        expect(await first.check(all[0])).toMatchObject({ exitCode: 0, stdout: "" });
        expect(await host.exec(host.ns, "nft", "list", "set", "inet", "vswitch", "vteps4")).toContain(
          "192.0.2.2",
        );
      },
    );
  },
);
