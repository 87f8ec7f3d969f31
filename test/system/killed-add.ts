/** ADDs that are killed at random moments, and what is left of them. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { killedCall, randomOf, seed } from "./killed.ts";
import { formatMoment, momentIn, type Told, toldBy } from "./moments.ts";
import { type Namespace, withinNamespace } from "./namespaces.ts";
import type { NatLab } from "./nat-lab.ts";

export interface KilledAdd {
  /** Whose executable is called, and the network's name. */
  readonly type: "nat" | "transparent" | "overlay";
  readonly config: Readonly<Record<string, unknown>>;
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
  /** Every third moment is after the first line that matches: what is done last takes little of the time. */
  readonly late?: RegExp;
}

/** Of its multiples the fractions lie far from each other, however many there are. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Whether the host has links of a network already, so that there is less to do. */
const isThere = ({ host }: NatLab): boolean =>
  /^ *vs[wh]-/m.test(withinNamespace(host.ns, () => readFileSync("/proc/thread-self/net/dev", "utf8")));

export const rowsOf = (lab: NatLab) => lab.rows().filter((row) => !row.startsWith("networks"));

export interface Killing {
  readonly ns: Namespace;
  readonly seen: { killed: number; recorded: number; unfinished: number };
  /** @returns which attempt it was, for a failure that is to be seen again */
  attempt(index: number, id: string): Promise<string>;
  /** Prints what was seen. @throws unless more than a quarter of `times` were killed in the middle of their work */
  expectUnfinished(times: number, alsoSeen?: Readonly<Record<string, number>>): void;
}

/** ADDs to one compartment of a host without the network, killed at moments that `SEED` repeats; `offset` gives other ones. */
export async function startKilling(lab: NatLab, what: KilledAdd, offset = 0): Promise<Killing> {
  const ns = await lab.host.compartment();
  const told = { absent: await toldByAdd(lab, what, ns), there: await toldByAdd(lab, what, ns) };
  // Spread over all of the work from a place that chance gives: twenty that are independent may all miss a part of it.
  const first = randomOf(seed + offset)();
  const seen = { killed: 0, recorded: 0, unfinished: 0 };
  const { type, config, runtimeConfig, late } = what;
  const call = { type, verb: "ADD", netns: ns.path, config: { ...config, runtimeConfig } } as const;
  return {
    ns,
    seen,
    async attempt(index, id) {
      const network = isThere(lab) ? "there" : "absent";
      const place = () => (first + index * goldenRatio) % 1;
      const moment = momentIn(told[network], place, index % 3 === 2 ? late : undefined);
      if (await killedCall(lab, { ...call, id }, moment)) seen.killed++;
      const rows = rowsOf(lab).join();
      if (rows !== "") seen.recorded++;
      if (rows.includes("adding")) seen.unfinished++;
      return `SEED=${seed}, attempt ${index}, ${formatMoment(moment)}`;
    },
    expectUnfinished(times, alsoSeen = {}) {
      const takes = `an ADD takes ${told.there.doneMs.toFixed(1)} ms`;
      console.log(`${takes}; ${JSON.stringify({ ...seen, ...alsoSeen })}`);
      // Else the moments were not where the work is, and this test says nothing.
      expect(seen.unfinished).toBeGreaterThan(times / 4);
    },
  };
}

/** What an ADD tells of that nobody kills. */
async function toldByAdd(lab: NatLab, what: KilledAdd, ns: Namespace): Promise<Told> {
  const { config, runtimeConfig } = what;
  const key = { id: "told", netns: ns.path, config };
  const outcome = await lab.call("ADD", { ...key, runtimeConfig, env: { VSWITCH_TRACE: "1" } });
  expect(outcome.exitCode).toBe(0);
  await lab.done("DEL", key);
  return toldBy(outcome);
}
