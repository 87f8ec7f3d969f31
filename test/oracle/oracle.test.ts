/** The model is an oracle: what it says of a packet is what the kernel does with it. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mac } from "../../lib/addr/mac.ts";
import { tracePacket } from "../../lib/model/path/trace-packet.ts";
import type { Scene } from "../../lib/model/scene.ts";
import { seed } from "../lib/seed.ts";
import { type Attached, createLab, type NatLab, whyNoNat } from "../system/nat-lab.ts";
import { type Container, type Layout, layouts } from "./layout.ts";
import { type Shot, shots } from "./packets.ts";
import { type Arrival, openRange } from "./range.ts";
import { sceneOf } from "./scene-of.ts";
import { expected, formatArrival, formatTrace } from "./verdict.ts";

const reason = whyNoNat();
/** ORACLE_RUNS=N for a longer search. */
const numRuns = Number(process.env.ORACLE_RUNS ?? 12);
const shotsPerLayout = 120;

describe.skipIf(reason !== undefined)(`the model of the data path${reason ? ` (${reason})` : ""}`, () => {
  let lab: NatLab;
  const tally = new Map<string, number>();
  const counted = (what: string) => tally.get(what) ?? 0;
  let sent = 0;
  beforeAll(async () => {
    lab = await createLab();
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
    console.log(
      `oracle: ${[...tally]
        .toSorted()
        .map(([what, count]) => `${count} ${what}`)
        .join(", ")}`,
    );
  });

  it(
    "says of random packets on random hosts what the kernel does with them",
    async () => {
      const property = fc.asyncProperty(layouts, fc.infiniteStream(fc.nat()), async (layout, salts) => {
        const salt = salts.next().value ?? 0;
        await using stage = await build(lab, layout, tally);
        const range = await openRange(lab.host, stage.scene.endpoints);
        try {
          const arbitrary = shots(stage.scene, {
            host: mac(range.hostMac),
            outside: mac(range.outsideMac),
          });
          const drawn = fc.sample(arbitrary, { seed: salt, numRuns: shotsPerLayout });
          const sample = drawn.map((shot) => apart(shot, sent++));
          const arrivals = range.shoot(sample);
          const wrong = sample.flatMap(
            (shot, at) => disagreement(stage.scene, shot, arrivals[at] ?? [], tally) ?? [],
          );
          expect(wrong.slice(0, 5).join("\n\n"), JSON.stringify(layout)).toBe("");
        } finally {
          range.close();
        }
      });
      await fc.assert(property, { seed, numRuns, endOnFailure: true });
      for (const outcome of ["delivered", "dropped", "leaves"])
        expect(counted(outcome), outcome).toBeGreaterThan(50);
      // Each policy has refused something, and few containers go without theirs.
      for (const why of ["acl", "acl-default", "isolated", "network-isolated", "spoofed", "host-apart"])
        expect(counted(`(${why})`), why).toBeGreaterThan(0);
      expect(counted("bare containers")).toBeLessThan(counted("containers") / 4);
    },
    Math.max(120_000, numRuns * 15_000),
  );
});

/**
 * A source port of its own for each: no two are of one connection, those of layouts before that the kernel still tracks
 * among them. ICMP uses it as identifier.
 */
function apart({ start, packet }: Shot, at: number): Shot {
  return { start, packet: { ...packet, sourcePort: 20_000 + (at % 40_000) } };
}

interface Stage extends AsyncDisposable {
  readonly scene: Scene;
}

async function build(lab: NatLab, layout: Layout, tally: Tally): Promise<Stage> {
  const { host } = lab;
  const made: Attached[] = [];
  const undo = async () => {
    for (const one of made) await lab.done("DEL", one);
    await host.remove(...made.map(({ ns }) => ns));
    for (const config of layout.networks)
      await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
    if (layout.foreignDrop) await host.exec(host.ns, "nft", "delete table inet firewall");
  };
  try {
    for (const name of ["iptables", "ip6tables"])
      await host.exec(host.ns, "sh", "-c", `echo ${layout.bridgeFilter ? 1 : 0} > ${bridgeFilterOf(name)}`);
    if (layout.foreignDrop) await host.exec(host.ns, "nft", foreignFirewall);
    for (const container of layout.containers) made.push(await attach(lab, layout, container, tally));
    return { scene: await sceneOf(lab), [Symbol.asyncDispose]: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

type Tally = Map<string, number>;

const count = (tally: Tally, what: string): unknown => tally.set(what, (tally.get(what) ?? 0) + 1);

/** A policy that can never bite is refused (error 7): the container is then attached without policies. */
async function attach(
  lab: NatLab,
  { networks }: Layout,
  { network, config, runtimeConfig }: Container,
  tally: Tally,
): Promise<Attached> {
  count(tally, "containers");
  count(tally, `on ${networks[network]?.switch ?? networks[network]?.type ?? "nat"}`);
  try {
    return await lab.add({ config: { ...networks[network], ...config }, runtimeConfig });
  } catch (error) {
    if (!String(error).includes('"code":7')) throw error;
    count(tally, "bare containers");
    return lab.add({ config: { ...networks[network] }, runtimeConfig });
  }
}

/** Of br_netfilter: whether bridged packets pass the host's IP hooks. */
const bridgeFilterOf = (name: string): string => `/proc/sys/net/bridge/bridge-nf-call-${name}`;

const foreignFirewall = [
  "add table inet firewall",
  "add chain inet firewall forward { type filter hook forward priority 0; policy drop; }",
  "add rule inet firewall forward ct state established,related accept",
  "add rule inet firewall forward ct status dnat accept",
].join("\n");

function disagreement(
  scene: Scene,
  shot: Shot,
  arrivals: readonly Arrival[],
  tally: Tally,
): string | undefined {
  const trace = tracePacket(scene, shot.start, shot.packet);
  const said = expected(trace.verdict);
  const got = arrivals.map(formatArrival).toSorted();
  // What is for all comes to a host with an adapter on its uplink by both.
  const isGroup = trace.verdict.kind === "delivered" && trace.verdict.to.kind === "group";
  const seen = isGroup ? [...new Set(got)] : got;
  count(tally, trace.verdict.kind);
  if (trace.verdict.kind === "dropped") count(tally, `(${trace.verdict.reason})`);
  if (JSON.stringify(said) === JSON.stringify(seen)) return undefined;
  return [
    `packet ${JSON.stringify(shot)}`,
    `model: ${said.join("; ") || "nobody"}`,
    `kernel: ${seen.join("; ") || "nobody"}`,
    formatTrace(trace),
  ].join("\n");
}
