/** The model across two hosts of an overlay network is an oracle, too. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Verdict } from "../../lib/model/path/trace.ts";
import { type Journey, traceAcross } from "../../lib/model/path/trace-across.ts";
import type { Scene } from "../../lib/model/scene.ts";
import type { IpPacket } from "../../lib/policy/packet.ts";
import { seed } from "../lib/seed.ts";
import { type Attached, whyNoNat } from "../system/nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "../system/overlay-lab.ts";
import type { Container } from "./layout.ts";
import { type OverlayLayout, overlayLayouts } from "./overlay-layout.ts";
import { type FarShot, farShots, type UnderlayMacs, underlay } from "./overlay-packets.ts";
import { openFarRange } from "./overlay-range.ts";
import type { Arrival } from "./range.ts";
import { sceneOf } from "./scene-of.ts";
import { expected, formatArrival, formatTrace } from "./verdict.ts";

const reason = whyNoNat();
/** ORACLE_RUNS=N for a longer search. */
const numRuns = Number(process.env.ORACLE_RUNS ?? 2);
const shotsPerLayout = 250;

type Scenes = readonly [Scene, Scene];

describe.skipIf(reason !== undefined).each([
  { mode: "routed", underlay: 4 },
  { mode: "stretched", underlay: 6 },
] as const)(
  `the model across two hosts, $mode over IPv$underlay${reason ? ` (${reason})` : ""}`,
  ({ mode, underlay: family }) => {
    let lab: OverlayLab;
    const tally = new Map<string, number>();
    const count = (what: string): unknown => tally.set(what, (tally.get(what) ?? 0) + 1);
    let sent = 0;
    beforeAll(async () => {
      lab = await createOverlayLab({ mode, underlay: family });
    });
    afterEach(() => {
      const told = [...tally].toSorted().map(([what, many]) => `${many} ${what}`);
      console.log(`oracle of two hosts, ${mode}: ${told.join(", ")}`);
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    it(
      "says of random packets what both kernels do with them",
      async () => {
        const property = fc.asyncProperty(
          overlayLayouts,
          fc.infiniteStream(fc.nat()),
          async (layout, salts) => {
            const salt = salts.next().value ?? 0;
            await using stage = await build(lab, layout);
            const { scenes } = stage;
            const range = await openFarRange(lab, scenes);
            try {
              const options = { seed: salt, numRuns: shotsPerLayout };
              const drawn = fc.sample(farShots(scenes, range.macs), options);
              const sample = drawn.map((shot) => apart(shot, sent++));
              const arrivals = range.shoot(sample);
              const wrong = sample.flatMap(
                (shot, at) => disagreement(scenes, shot, arrivals[at] ?? [], range.macs, count) ?? [],
              );
              expect(wrong.slice(0, 5).join("\n\n"), JSON.stringify(layout)).toBe("");
            } finally {
              range.close();
            }
          },
        );
        await fc.assert(property, { seed, numRuns, endOnFailure: true });
        const refused = ["not-of-the-network", "no-tunnel", "mtu", ...(mode === "routed" ? ["martian"] : [])];
        for (const outcome of ["delivered", "on the other host", ...refused.map((why) => `(${why})`)])
          expect(tally.get(outcome) ?? 0, outcome).toBeGreaterThan(0);
      },
      Math.max(120_000, numRuns * 15_000),
    );
  },
);

/** As in oracle.test.ts: no two are of one connection. */
const apart = ({ packet, ...shot }: FarShot, at: number): FarShot => ({
  ...shot,
  packet: { ...packet, sourcePort: 20_000 + (at % 40_000) },
});

interface Stage extends AsyncDisposable {
  readonly scenes: Scenes;
}

async function build({ hosts }: OverlayLab, layout: OverlayLayout): Promise<Stage> {
  const made: { readonly host: OverlayHost; readonly attached: Attached }[] = [];
  const undoAt = async (host: OverlayHost) => {
    await setMtu(host.host, 1500);
    for (const { attached } of made.filter((one) => one.host === host)) {
      await host.done("DEL", attached);
      await host.host.remove(attached.ns);
    }
    for (const config of configsOf(host, layout))
      await host.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
  };
  const undo = async (): Promise<void> => void (await Promise.all(hosts.map(undoAt)));
  try {
    await Promise.all(
      hosts.map(async (host, i) => {
        for (const name of ["iptables", "ip6tables"])
          await host.host.exec(
            host.host.ns,
            ...[
              "sh",
              "-c",
              `echo ${layout.bridgeFilter ? 1 : 0} > /proc/sys/net/bridge/bridge-nf-call-${name}`,
            ],
          );
        for (const container of layout.containers[i as 0 | 1])
          made.push({ host, attached: await attach(host, layout, container) });
      }),
    );
    for (const { host } of hosts) await setMtu(host, layout.uplinkMtu);
    const [first, second] = await Promise.all(hosts.map(sceneOf));
    return { scenes: [first as Scene, second as Scene], [Symbol.asyncDispose]: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

const setMtu = (host: OverlayHost["host"], mtu: number): Promise<string> =>
  host.exec(host.ns, "ip", "link", "set", "eth0", "mtu", `${mtu}`);

const configsOf = ({ config }: OverlayHost, { overlay, nat }: OverlayLayout) => [
  { ...config, ...overlay },
  nat,
];

/** A policy that can never bite is refused (error 7): the container is then attached without policies. */
async function attach(
  host: OverlayHost,
  layout: OverlayLayout,
  { network, config, runtimeConfig }: Container,
) {
  const base = configsOf(host, layout)[network];
  try {
    return await host.add({ config: { ...base, ...config }, runtimeConfig });
  } catch (error) {
    if (!String(error).includes('"code":7')) throw error;
    return host.add({ config: { ...base } });
  }
}

interface End {
  /** 0 or 1. */
  readonly host: number;
  readonly verdict: Verdict;
  readonly told: string;
}

/** What becomes of it at last, on whichever host: what leaves one for the other's own address comes there as from outside. */
function follow(scenes: Scenes, { host, start, packet }: FarShot, macs: UnderlayMacs): End {
  const [here, there] = [scenes[host] as Scene, scenes[1 - host] as Scene];
  const journey = traceAcross(here, start, packet, {}, [there]);
  const end = endOf(journey, host);
  const { verdict } = end;
  const isOut = verdict.kind === "leaves" && verdict.tunnel === undefined && verdict.packet.kind === "ip";
  if (!isOut) return end;
  const left = verdict.packet as IpPacket;
  const other = 1 - end.host;
  const isOther = [4, 6].some(
    (family) => underlay.hosts[family as 4 | 6][other as 0 | 1] === left.destination,
  );
  if (!isOther) return end;
  const come = {
    ...left,
    destinationMac: macs.hosts[other as 0 | 1],
    sourceMac: macs.hosts[end.host as 0 | 1],
  };
  const next = follow(
    scenes,
    { host: other, start: { kind: "outside", interface: "eth0" }, packet: come },
    macs,
  );
  return { ...next, told: `${end.told}\n${next.told}` };
}

/** The packet may come back to the host that sent it. */
function endOf({ trace, far }: Journey, host: number): End {
  const last = far.at(-1)?.trace ?? trace;
  return {
    host: (host + far.length) % 2,
    verdict: last.verdict,
    told: [trace, ...far.map((leg) => leg.trace)].map(formatTrace).join("\n  then\n"),
  };
}

function disagreement(
  scenes: Scenes,
  shot: FarShot,
  arrivals: readonly Arrival[],
  macs: UnderlayMacs,
  count: (what: string) => unknown,
): string | undefined {
  const { host, verdict, told } = follow(scenes, shot, macs);
  const said = expected(verdict)
    .map((one) => (one.startsWith("outside ") ? one : `${host + 1} ${one}`))
    .toSorted();
  const got = arrivals.map(formatArrival).toSorted();
  const isGroup = verdict.kind === "delivered" && verdict.to.kind === "group";
  const seen = isGroup ? [...new Set(got)] : got;
  count(verdict.kind);
  if (verdict.kind === "dropped") count(`(${verdict.reason})`);
  if (verdict.kind === "delivered" && host !== shot.host) count("on the other host");
  if (JSON.stringify(said) === JSON.stringify(seen)) return undefined;
  return [
    `packet ${JSON.stringify(shot)}`,
    `model: ${said.join("; ") || "nobody"}`,
    `kernel: ${seen.join("; ") || "nobody"}`,
    told,
  ].join("\n");
}
