/** ADDs that are killed at random moments, and what is left of them. */
import { expect } from "vitest";
import { killedCall, randomOf, seed } from "./killed.ts";
import type { Namespace } from "./namespaces.ts";
import type { NatLab } from "./nat-lab.ts";

export interface KilledAdd {
  /** Whose executable is called, and the network's name. */
  readonly type: "nat" | "transparent" | "overlay";
  readonly config: Readonly<Record<string, unknown>>;
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
}

export const rowsOf = (lab: NatLab) => lab.rows().filter((row) => !row.startsWith("networks"));

export interface Killing {
  readonly ns: Namespace;
  readonly seen: { killed: number; recorded: number; unfinished: number };
  /**
   * @param stretch how much more than usual there is to do
   * @returns which attempt it was, for a failure that is to be seen again
   */
  attempt(index: number, id: string, stretch?: number): Promise<string>;
  /** Prints what was seen. @throws unless more attempts than so many were killed in the middle of their work */
  expectUnfinished(moreThan: number, alsoSeen?: Readonly<Record<string, number>>): void;
}

/** ADDs to one compartment, killed at moments that `SEED` repeats; `offset` gives other ones. */
export async function startKilling(lab: NatLab, what: KilledAdd, offset = 0): Promise<Killing> {
  const ns = await lab.host.compartment();
  const wholeMs = await addMs(lab, what, ns);
  const moments = momentsOf(randomOf(seed + offset), wholeMs);
  const seen = { killed: 0, recorded: 0, unfinished: 0 };
  const { type, config, runtimeConfig } = what;
  const call = { type, verb: "ADD", netns: ns.path, config: { ...config, runtimeConfig } } as const;
  return {
    ns,
    seen,
    async attempt(index, id, stretch = 1) {
      const afterMs = moments.next() * stretch;
      if (await killedCall(lab, { ...call, id }, afterMs)) seen.killed++;
      const rows = rowsOf(lab).join();
      moments.seen(rows);
      if (rows !== "") seen.recorded++;
      if (rows.includes("adding")) seen.unfinished++;
      return `SEED=${seed}, attempt ${index}, killed after ${afterMs.toFixed(2)} ms`;
    },
    expectUnfinished(moreThan, alsoSeen = {}) {
      console.log(`an ADD takes ${wholeMs.toFixed(1)} ms; ${JSON.stringify({ ...seen, ...alsoSeen })}`);
      // Else the moments were not where the work is, and this test says nothing.
      expect(seen.unfinished).toBeGreaterThan(moreThan);
    },
  };
}

/** How long an ADD takes here and now. */
async function addMs(lab: NatLab, { config, runtimeConfig }: KilledAdd, ns: Namespace): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < 5; i++) {
    const outcome = await lab.call("ADD", { id: "measured", netns: ns.path, config, runtimeConfig });
    expect(outcome.exitCode).toBe(0);
    taken.push(outcome.elapsedMs);
    await lab.done("DEL", { id: "measured", netns: ns.path });
  }
  return taken.sort((a, b) => a - b)[2] ?? 0;
}

/**
 * Moments around the work of an ADD, however slow the machine is just now: too early and the next ones come later, too
 * late and they come sooner.
 */
function momentsOf(random: () => number, wholeMs: number) {
  let scale = wholeMs;
  return {
    next: () => scale * (0.3 + random()),
    seen: (rows: string) => {
      if (rows === "") scale *= 1.05;
      else if (!rows.includes("adding")) scale *= 0.95;
    },
  };
}
