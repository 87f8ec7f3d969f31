/** What mends an ADD that was killed: DEL at once, or the next ADD. */
import { expect } from "vitest";
import { type KilledAdd, rowsOf, startKilling } from "./killed-add.ts";
import type { Namespace } from "./namespaces.ts";
import type { NatLab } from "./nat-lab.ts";

export interface CleanedByDel {
  readonly times: number;
  /** What a glance shows of the kernel, of host and compartment. */
  glance(lab: NatLab, ns: Namespace): Promise<string>;
  /** What one leaves stays there for the next ones: looking after each so many finds it too, in a fraction of the time. */
  readonly glanceEvery: number;
  /** CNI_NETNS of the DEL. */
  netnsOf(index: number, ns: Namespace): string;
}

/** Kills ADDs of one container after the other; DEL of each must leave nothing of it. */
export async function expectCleanedByDel(lab: NatLab, what: KilledAdd, how: CleanedByDel): Promise<void> {
  const { times, glance, glanceEvery, netnsOf } = how;
  const killing = await startKilling(lab, what);
  const { ns } = killing;
  const [before, clean] = [await lab.host.snapshot(lab.everything), await glance(lab, ns)];
  for (let i = 0; i < times; i++) {
    const when = await killing.attempt(i, `c${i}`);
    const outcome = await lab.call("DEL", { id: `c${i}`, netns: netnsOf(i, ns) });
    expect(outcome, when).toMatchObject({ exitCode: 0, stdout: "" });
    expect(rowsOf(lab), when).toEqual([]);
    if (i % glanceEvery === glanceEvery - 1) expect(await glance(lab, ns), when).toBe(clean);
  }
  expect(await lab.host.changes(before, lab.everything)).toBe("");
  killing.expectUnfinished(times);
}

export interface TakenUp {
  readonly times: number;
  /** Leases that an attachment has. */
  readonly leases: number;
}

/** Kills ADDs of one container, which the next ADD must take up, as if there had been none. */
export async function expectTakenUp(lab: NatLab, what: KilledAdd, { times, leases }: TakenUp): Promise<void> {
  const killing = await startKilling(lab, what, 1);
  const { config, runtimeConfig } = what;
  const key = { id: "c", netns: killing.ns.path, config, runtimeConfig };
  const nobody = { ...config, "cni.dev/valid-attachments": [] };
  let refused = 0;
  for (let i = 0; i < times; i++) {
    // Every fourth finds a host without the network, and so has more to do.
    if (i % 4 === 0) await lab.done("GC", { config: nobody });
    const when = await killing.attempt(i, "c");
    const outcome = await lab.call("ADD", key);
    if (outcome.exitCode === 0) {
      if (i % 10 === 0) await lab.done("CHECK", { ...key, prevResult: JSON.parse(outcome.stdout) });
    } else {
      // It had come to its end before it was killed: an attachment that is there is left alone.
      expect(JSON.parse(outcome.stdout), when).toMatchObject({ code: 101 });
      refused++;
    }
    const rows = rowsOf(lab);
    expect(
      rows.filter((row) => row.startsWith("leases")),
      when,
    ).toHaveLength(leases);
    expect(rows.join(), when).not.toContain("adding");
    await lab.done("DEL", key);
    expect(rowsOf(lab), when).toEqual([]);
  }
  killing.expectUnfinished(times, { refused });
}
