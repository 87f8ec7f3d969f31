/** Steps that attach one endpoint to a switch that is there. Pure. */
import type { Plan } from "../../model/plan.ts";
import { isStacked } from "../../model/switch.ts";
import { isVmPlan, portTap, type VmPlan } from "../../model/vm-nic.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { learn, own } from "../endpoint-step.ts";
import type { AclParts } from "../layout/port-acl-requests.ts";
import { endpointAlias } from "../mark.ts";
import { announceWays, makeWays } from "../routed/ways.ts";
import { hostWays } from "../stacked/host-ways.ts";
import { createStackedVnic } from "../stacked/vnic.ts";
import type { Step } from "../step.ts";
import { forgetOldFlows } from "./flows.ts";
import { applyPolicies, carriers, createVnic, learnPort, learnSwitch } from "./port.ts";
import { limitRates } from "./qos.ts";
import { announce, configureVnic, enableIpv6, probe } from "./vnic.ts";

const joining = () => require("../vm/join.ts") as typeof import("../vm/join.ts");
const tapPort = () => require("../vm/tap-port.ts") as typeof import("../vm/tap-port.ts");

/**
 * @param netnsFd descriptor of the compartment
 * @param there what an ADD that was killed has left of the port's ACLs
 */
export function compileEndpoint(
  plan: Plan,
  netnsFd: number,
  there: readonly AclParts[] = [],
): readonly Step[] {
  const { switch: vswitch } = plan;
  const made = isStacked(vswitch)
    ? createStackedVnic({ ...plan, switch: vswitch }, netnsFd)
    : createPorted(plan, netnsFd, there);
  return [...made, ...configureSteps(plan), ...forgetOldFlows(plan)];
}

/** A vNIC that is there without addresses gets those of the plan, and its port what policies take of them. */
export function compileConfigure(plan: Plan, there: readonly AclParts[] = []): readonly Step[] {
  const { vnic } = plan;
  const alias = endpointAlias(plan.owner, vnic.addresses);
  const marked = (where: "host" | "compartment", name: string): Step => ({
    ...own(`link set ${name} alias "${alias}"`),
    action: { kind: where, requests: () => [setLink(name, { alias })] },
  });
  return [
    ...(isStacked(plan.switch)
      ? [marked("compartment", vnic.name)]
      : [...applyPolicies(plan, there), marked("host", plan.port.name), learnSwitch(plan)]),
    ...configureSteps(plan),
  ];
}

function createPorted(plan: Plan, netnsFd: number, there: readonly AclParts[]): readonly Step[] {
  const limits = limitRates(plan);
  return [
    ...applyPolicies(plan, there),
    learnSwitch(plan),
    // Limits need a port that is down, learn it, and set it up.
    ...(isVmPlan(plan) && portTap(plan) !== undefined
      ? tapPort().createTapPort(plan, limits.length === 0)
      : createVnic(plan, netnsFd, limits.length === 0)),
    ...limits,
  ];
}

/** From a vNIC that is there to one that is on the network. */
function configureSteps(plan: Plan): readonly Step[] {
  const hasPort = !isStacked(plan.switch);
  return [
    ...(isVmPlan(plan) ? [] : [learn("compartment", "vnic", plan.vnic.name), ...enableIpv6(plan)]),
    ...(hasPort ? [learnPort(plan)] : []),
    ...(isVmPlan(plan) ? joinSteps(plan) : [...probe(plan), configureVnic(plan)]),
    ...(hasPort ? carriers(plan) : []),
    ...(isVmPlan(plan) ? [] : announce(plan)),
    ...hostWays(plan),
    ...makeWays(plan),
    ...announceWays(plan),
  ];
}

/** A guest configures itself. A tap that is a port is on the switch already. */
function joinSteps(plan: VmPlan): readonly Step[] {
  return portTap(plan) === undefined ? joining().joinTap(plan) : probe(plan);
}
