/** Mends what endpoints share: the switch and our tables. */
import { isStacked, type Switch } from "../model/switch.ts";
import type { RepairOptions } from "../seam/tool-backend.ts";
import { compileSwitchRepair } from "./compile/repair/switch.ts";
import type { Machine } from "./machine.ts";
import { observeSwitch } from "./observe.ts";
import { restoreElements } from "./restore.ts";
import { runSteps } from "./run.ts";
import { observeStackedSwitch } from "./stacked/observe.ts";
import { compileStackedSwitch } from "./stacked/switch.ts";
import type { Step } from "./step.ts";
import { openWorld } from "./world.ts";

/** @returns what was done, in the words of `ip`, `nft` and `sysctl`. @throws {CniError} 106, 108; {StepError} */
export function repairSwitch(
  machine: Machine,
  vswitch: Switch,
  { exclusively, others }: Pick<RepairOptions, "exclusively" | "others">,
  trace?: (line: string) => void,
): readonly string[] {
  if (switchRepair(machine, vswitch).steps.length === 0) return [];
  let done: readonly Step[] = [];
  exclusively(() => {
    const { steps, rulesLost } = switchRepair(machine, vswitch);
    done = steps;
    runSteps(done, openWorld(machine), trace);
    if (rulesLost) restoreElements(machine, others());
  });
  return titles(done);
}

/** What the switch lacks now, and whether our tables do. @throws {CniError} 106, 108 */
export function switchRepair(
  machine: Machine,
  vswitch: Switch,
): { readonly steps: readonly Step[]; readonly rulesLost: boolean } {
  if (isStacked(vswitch)) {
    const found = observeStackedSwitch(machine.host, vswitch);
    return { steps: compileStackedSwitch(vswitch, found), rulesLost: false };
  }
  const found = observeSwitch(machine, vswitch);
  return { steps: compileSwitchRepair(vswitch, found), rulesLost: found.layout !== "current" };
}

/** Looking things up is no work by itself. */
export const titles = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap(({ title, action }) => (action.kind === "learn" || action.kind === "carrier" ? [] : [title]));
