/** Mends an endpoint whose container runs: what differs from its plan is made so again, in the kernel's own words. */
import { CniError, errorCode } from "../cni/error.ts";
import { diff } from "../model/diff.ts";
import { formatOwner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import { beyondRepair } from "../model/repair.ts";
import { isErrno } from "../os/error.ts";
import type { Repair, RepairOptions } from "../seam/tool-backend.ts";
import { endpointElements } from "./compile/elements.ts";
import { compileRepair, type RepairState } from "./compile/repair/endpoint.ts";
import type { LayoutElement } from "./layout/element.ts";
import { encodeGet, findElement } from "./layout/element-requests.ts";
import type { Machine } from "./machine.ts";
import { markedKey } from "./mark.ts";
import type { CompartmentHandle } from "./netns.ts";
import { observeAny } from "./observe-any.ts";
import { compareAcls } from "./port-acls.ts";
import { portTaken } from "./port-taken.ts";
import { refused } from "./refused.ts";
import { repairSwitch, switchRepair, titles } from "./repair-switch.ts";
import { lostWays } from "./routed/observe.ts";
import { runSteps, StepError } from "./run.ts";
import { openWorld } from "./world.ts";

type Trace = (line: string) => void;

/**
 * @param inside the compartment; absent when it cannot be entered
 * @throws {CniError} when the kernel cannot be asked
 */
export function repairEndpoint(
  machine: Machine,
  plan: Plan,
  inside: CompartmentHandle | undefined,
  options: RepairOptions,
  trace?: Trace,
): Repair {
  const facts = observeAny(machine, plan, inside?.netlink);
  const before = diff(plan, facts);
  if (before.length === 0) return { before, steps: [], after: before };
  const beyond = beyondRepair(plan, facts) ?? conflict(machine, plan);
  if (beyond !== undefined || inside === undefined)
    return { before, steps: [], after: before, ...(beyond === undefined ? {} : { beyond }) };
  if (options.dryRun) return { before, steps: planned(machine, plan, inside), after: before };
  const done: string[] = [];
  const failure = attempt(machine, plan, () => {
    done.push(...repairSwitch(machine, plan.switch, options, trace));
    const own = compileRepair(plan, observeState(machine, plan, inside));
    runSteps(own, openWorld(machine, inside), trace);
    done.push(...titles(own));
  });
  const after = diff(plan, observeAny(machine, plan, inside.netlink));
  return { before, steps: done, after, ...(failure === undefined ? {} : { failure }) };
}

/** What is mended stays mended, whatever fails after it. */
function attempt({ rules }: Machine, plan: Plan, fn: () => void): CniError | undefined {
  try {
    fn();
    return undefined;
  } catch (error) {
    // The kernel says EEXIST for any port of all: tell which.
    const published = error instanceof StepError && error.step.action.kind === "rules";
    const taken = published && isErrno(error.cause, "EEXIST") ? portTaken(rules, plan) : undefined;
    return taken ?? refused(`repair ${formatOwner(plan.owner)}`, error);
  }
}

/** What the operator alone can mend: something in our place, an uplink that is gone. */
const his: readonly number[] = [errorCode.conflict, errorCode.dependencyMissing];

/** Something else bears the name of the switch or the table: not ours to change. */
function conflict(machine: Machine, plan: Plan): Repair["beyond"] {
  try {
    switchRepair(machine, plan.switch);
    return undefined;
  } catch (error) {
    const isHis = error instanceof CniError && his.includes(error.code);
    if (!isHis) throw error;
    return { why: error.message, remedy: error.details ?? "remove what is in its place" };
  }
}

/** As far as it can be told before the first step is done. */
function planned(machine: Machine, plan: Plan, inside: CompartmentHandle): readonly string[] {
  return titles([
    ...switchRepair(machine, plan.switch).steps,
    ...compileRepair(plan, observeState(machine, plan, inside)),
  ]);
}

function observeState(machine: Machine, plan: Plan, inside: CompartmentHandle): RepairState {
  const elements = endpointElements(plan);
  const outcomes = machine.rules.requests(elements.map(encodeGet));
  const found = elements.map((element, i) => findElement(element, outcomes[i]));
  const same = (a: LayoutElement, b: LayoutElement | undefined): boolean =>
    b !== undefined && String(a.data ?? "") === String(b.data ?? "");
  return {
    facts: observeAny(machine, plan, inside.netlink),
    acls: compareAcls(machine.rules, plan),
    lostWays: lostWays(machine.host, plan),
    missing: elements.filter((element, i) => !same(element, found[i])),
    stale: found.filter(
      (element, i): element is LayoutElement =>
        element !== undefined &&
        !same(elements[i] as LayoutElement, element) &&
        markedKey(element.comment) === plan.key,
    ),
  };
}
