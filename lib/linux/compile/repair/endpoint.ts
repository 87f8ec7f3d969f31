/** Steps that make an endpoint again what its plan says, while its container runs. Pure. */
import type { EndpointFacts } from "../../../model/facts.ts";
import type { Plan } from "../../../model/plan.ts";
import { isStacked } from "../../../model/switch.ts";
import { isVmPlan } from "../../../model/vm-nic.ts";
import { repairWays, type Way } from "../../routed/ways.ts";
import { hostWays } from "../../stacked/host-ways.ts";
import type { Step } from "../../step.ts";
import { repairJoined } from "../../vm/repair.ts";
import { learnPort } from "../port.ts";
import { announce } from "../vnic.ts";
import { type ElementState, repairPolicies, repairShared } from "./elements.ts";
import { repairLimits } from "./limits.ts";
import { own } from "./own-step.ts";
import { repairPort } from "./port.ts";
import { repairVnic } from "./vnic.ts";

/** What is there of an endpoint whose port and vNIC are there. */
export interface RepairState extends ElementState {
  readonly facts: EndpointFacts;
  /** Of an endpoint of a routed switch. */
  readonly lostWays?: readonly Way[];
}

/** @returns nothing where all is as planned; the switch is there */
export function compileRepair(plan: Plan, state: RepairState): readonly Step[] {
  if (isStacked(plan.switch)) return repairStacked(plan, state);
  const isVm = isVmPlan(plan);
  const links = [...repairPort(plan, state.facts), ...(isVm ? [] : repairVnic(plan, state.facts))];
  const carrier: Step = {
    ...own(`wait for the carrier of ${plan.port.name}`),
    action: { kind: "carrier", role: "port" },
  };
  return [
    ...repairPolicies(plan, state),
    ...(links.length === 0 ? [] : [...learn(plan), ...links]),
    ...(isVm ? repairJoined(plan, state.facts) : []),
    ...repairLimits(plan, state.facts),
    ...(links.length === 0 || isVm ? [] : [carrier, ...announce(plan)]),
    ...repairWays(plan, state.lostWays ?? []),
    // Last: a port of the host may be somebody else's by now, and what comes before does not depend on it.
    ...repairShared(plan, state),
  ];
}

/** A vNIC without a port, and the host's way to it. */
function repairStacked(plan: Plan, { facts }: RepairState): readonly Step[] {
  const links = isVmPlan(plan) ? [] : repairVnic(plan, facts);
  const ways = facts.missing.length === 0 ? [] : hostWays(plan);
  return [
    ...(links.length === 0 ? [] : [learnVnic(plan), ...links, ...announce(plan)]),
    ...(isVmPlan(plan) ? repairJoined(plan, facts) : []),
    ...ways,
  ];
}

function learn(plan: Plan): readonly Step[] {
  const { switch: vswitch } = plan;
  return [
    {
      ...own(`learn ${vswitch.name}`),
      action: { kind: "learn", where: "host", role: "switch", name: vswitch.name },
    },
    learnPort(plan),
    ...(isVmPlan(plan) ? [] : [learnVnic(plan)]),
  ];
}

function learnVnic({ vnic: { name } }: Plan): Step {
  return { ...own(`learn ${name}`), action: { kind: "learn", where: "compartment", role: "vnic", name } };
}
