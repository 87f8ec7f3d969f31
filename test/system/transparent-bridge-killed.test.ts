import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { killedCall, randomOf, seed } from "./killed.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { formatMoment, momentIn, toldBy } from "./moments.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";
import { startSteady } from "./steady.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();
const times = 32;
const timeout = 240_000;
const config = lanWith({ switch: "bridge" });
const empty = { ...config, "cni.dev/valid-attachments": [] };
const bridge = "vsw-transparent";

/** What moves, on whichever link it is; with what a bridge says of itself. */
async function hostOf({ host }: NatLab): Promise<string> {
  const input = "address show\nroute show table all\nneighbour show nud permanent";
  const { stdout } = await host.run(host.ns, ["ip", "-o", "-batch", "-"], { input });
  const lines = stdout
    .replaceAll(bridge, "eth0")
    .split("\n")
    // Of addresses those of the uplink, without the number of the link; of routes not those the kernel has for groups.
    .filter((line) => !/^(\d+: (?!eth0 )|multicast |anycast )/.test(line))
    .map((line) => line.replace(/^\d+: /, "").replace(/\s+/g, " "));
  return [...new Set(lines)].sort().join("\n");
}

/** Of an IPv6 address that is new on a link the kernel makes the local route in a queue of its own. */
const settleMs = 2_000;

const expectHost = (lab: NatLab, had: string, message: string) =>
  expect.poll(() => hostOf(lab), { message, timeout: settleMs, interval: 5 }).toBe(had);

/** Where the work of a takeover had come to. */
async function stageOf({ host }: NatLab): Promise<string> {
  const links = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show")) as {
    readonly ifname: string;
    readonly ifalias?: string;
    readonly master?: string;
  }[];
  const [made, taken] = [bridge, "eth0"].map((name) => links.find(({ ifname }) => ifname === name));
  if (made === undefined) return "no bridge";
  const alias = made.ifalias?.split(" ").at(-1) ?? "unmarked";
  return `${taken?.master === bridge ? "taken" : "not taken"}, ${alias}`;
}

const more = `ip address add 203.0.113.5/28 dev eth0
  ip route add default via 192.0.2.3 metric 500 mtu 1400 src 192.0.2.1
  ip route add 10.20.0.0/16 via 192.0.2.2 table 100
  ip neighbour add 192.0.2.50 lladdr 02:00:00:00:00:50 dev eth0 nud permanent`;

async function labWithHost(): Promise<NatLab> {
  const lab = await createLanLab({ config });
  await lab.host.exec(lab.host.ns, "sh", "-ec", more);
  return lab;
}

async function watched(lab: NatLab) {
  const { host } = lab;
  const all = [
    await startSteady(lab, host.outside, host.ns, uplink.host4),
    await startSteady(lab, host.ns, host.outside, uplink.outside6),
  ];
  return async (): Promise<void> => {
    for (const one of all) {
      const { lost, longestMs, answers } = await one.seen();
      console.log(`${answers} answers, longest silence ${longestMs.toFixed(0)} ms`);
      expect(lost).toBe("");
      // One or two packets may be lost, and are sent again.
      expect(longestMs).toBeLessThan(2_000);
    }
  };
}

type Part = readonly [first?: RegExp, last?: RegExp];

/** Between which lines the uplink is on its way, and how: killed in each as often, and as often anywhere. */
const taking: readonly Part[] = [
  [/^link add vsw-/, /^link set vsw-\S+ address/],
  [/^link set vsw-\S+ address/, /^link set eth0 master/],
  [/^link set eth0 master/, /^add elements of network/],
  [],
];
const returning: readonly Part[] = [
  [/^link set vsw-\S+ alias .* returning/, /^all that the host has/],
  [/^all that the host has/, /^link delete vsw-/],
  [],
];
const partOf = (parts: readonly Part[], attempt: number): Part => parts[attempt % parts.length] ?? [];

const counted = (stages: readonly string[]): string =>
  JSON.stringify(
    Object.fromEntries([...new Set(stages)].map((one) => [one, stages.filter((s) => s === one).length])),
  );

describe.skipIf(reason !== undefined)(
  `a host whose uplink is being moved by a verb that is killed${reason ? ` (${reason})` : ""}`,
  () => {
    it(`at ${times} random moments of a first ADD keeps all it has (SEED=${seed})`, { timeout }, async () => {
      await using lab = await labWithHost();
      const { host } = lab;
      const [before, had] = [await host.snapshot(), await hostOf(lab)];
      const ns = await host.compartment();
      const told = toldBy(await lab.call("ADD", { id: "c", netns: ns.path, env: { VSWITCH_TRACE: "1" } }));
      await lab.done("DEL", { id: "c", netns: ns.path });
      await lab.done("GC", { config: empty });
      const random = randomOf(seed);
      const tool = toolOf(lab);
      const stages: string[] = [];
      const silence = await watched(lab);
      const call = { type: "transparent", verb: "ADD", id: "c", netns: ns.path, config } as const;
      for (let i = 0; i < times; i++) {
        const moment = momentIn(told, random, ...partOf(taking, i));
        await killedCall(lab, call, moment);
        const what = `SEED=${seed}, attempt ${i}, ${formatMoment(moment)}`;
        stages.push(await stageOf(lab));
        await expectHost(lab, had, what);
        if (i % 3 === 0) await tool("repair");
        if (i % 3 === 1) {
          const next = await lab.call("ADD", { id: "c", netns: ns.path });
          expect([0, 1], `${what}: ${next.stdout}${next.stderr}`).toContain(next.exitCode);
          expect(await stageOf(lab), what).toBe("taken, eth0");
          await expectHost(lab, had, what);
          await lab.done("DEL", { id: "c", netns: ns.path });
        }
        await lab.done("GC", { config: empty });
        expect(await stageOf(lab), what).toBe("no bridge");
        await expectHost(lab, had, what);
      }
      expect(await host.changes(before)).toBe("");
      await silence();
      console.log(counted(stages));
      // Else the moments were not where the work is.
      expect(stages.filter((stage) => stage.startsWith("taken")).length).toBeGreaterThan(times / 10);
      expect(stages.filter((stage) => stage.startsWith("not taken")).length).toBeGreaterThan(times / 10);
    });

    it(`at ${times} random moments of the last GC has all of it back (SEED=${seed})`, {
      timeout,
    }, async () => {
      await using lab = await labWithHost();
      const { host } = lab;
      const [before, had] = [await host.snapshot(), await hostOf(lab)];
      const ns = await host.compartment();
      const random = randomOf(seed + 1);
      const stages: string[] = [];
      const silence = await watched(lab);
      const ask = { id: "c", netns: ns.path };
      await lab.add({ id: "c", ns });
      await lab.done("DEL", ask);
      const told = toldBy(await lab.call("GC", { config: empty, env: { VSWITCH_TRACE: "1" } }));
      for (let i = 0; i < times; i++) {
        if ((await stageOf(lab)) === "no bridge") {
          await lab.add({ id: "c", ns });
          await lab.done("DEL", ask);
        }
        const moment = momentIn(told, random, ...partOf(returning, i));
        await killedCall(lab, { type: "transparent", verb: "GC", config: empty }, moment);
        const what = `SEED=${seed}, attempt ${i}, ${formatMoment(moment)}`;
        stages.push(await stageOf(lab));
        await expectHost(lab, had, what);
        if (i % 2 === 0) {
          await lab.add({ id: "c", ns });
          expect(await stageOf(lab), what).toBe("taken, eth0");
          await expectHost(lab, had, what);
          await lab.done("DEL", ask);
        } else {
          await lab.done("GC", { config: empty });
          expect(await stageOf(lab), what).toBe("no bridge");
          await expectHost(lab, had, what);
        }
      }
      await lab.done("GC", { config: empty });
      expect(await host.changes(before)).toBe("");
      await silence();
      console.log(counted(stages));
      expect(stages.filter((stage) => stage.endsWith("returning")).length).toBeGreaterThan(times / 10);
    });
  },
);
