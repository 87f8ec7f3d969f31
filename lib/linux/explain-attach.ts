/** Why the kernel did not attach an endpoint, where its errno alone tells nobody. */
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner } from "../model/owner.ts";
import { type Plan, portName } from "../model/plan.ts";
import { isRouted } from "../model/switch.ts";
import { isVmPlan, joinedTap, linkName, portTap } from "../model/vm-nic.ts";
import { isErrno } from "../os/error.ts";
import { linkOf } from "./link-of.ts";
import type { Machine } from "./machine.ts";
import type { CompartmentHandle } from "./netns.ts";
import { portTaken } from "./port-taken.ts";
import { refused } from "./refused.ts";
import { StepError } from "./run.ts";
import { explainStacked } from "./stacked/explain.ts";
import type { Step } from "./step.ts";

/** Its state was lost, or is in another store of this host; or the name is somebody else's. */
export function portExists(plan: Plan): CniError {
  const { owner, port, vnic, compartment } = plan;
  const named = portTap(plan) !== undefined && port.name !== portName(plan.key);
  return new CniError(
    errorCode.interfaceExists,
    `attach ${formatOwner(owner)}: its port ${port.name} exists already`,
    {
      reason: "interface-exists",
      details: named
        ? `it was left as it is; give the attachment another tapName, or remove ${port.name} from the host`
        : `it was left as it is; call DEL for ${vnic.name} in ${compartment.path} first`,
    },
  );
}

/** As where the wire answers that somebody has it. */
export function addressHeld({ owner, vnic }: Plan, holder: string): CniError {
  return new CniError(
    errorCode.addressTaken,
    `attach ${formatOwner(owner)}: ${holder} of this host has one of its addresses ${vnic.addresses.join(", ")}`,
    {
      reason: "address-in-use",
      details:
        "give the container another address, or call DEL for the other one (vswitch gc where its container is gone)",
    },
  );
}

/** The kernel says EEXIST for either end of the pair, and for any port of all: tell which. */
export function explain(
  error: unknown,
  plan: Plan,
  compartment: CompartmentHandle,
  machine: Machine,
): CniError {
  const doing = `attach ${formatOwner(plan.owner)}`;
  const cause = error instanceof StepError ? error.cause : error;
  const names = ({ title }: Step): boolean => title.startsWith("link add") || title.includes(" name ");
  const taken =
    error instanceof StepError && names(error.step) && isErrno(cause, "EEXIST")
      ? takenName(plan, compartment, machine)
      : undefined;
  if (taken !== undefined) {
    const isTap = isVmPlan(plan) && taken.name === plan.vnic.tap.name && taken.name !== plan.vnic.name;
    return new CniError(
      errorCode.interfaceExists,
      `${doing}: interface ${taken.name} exists ${taken.where} already`,
      {
        reason: "interface-exists",
        details: `it was left as it is; give the attachment another ${isTap ? "tapName" : "CNI_IFNAME"} or remove that interface`,
        cause: error,
      },
    );
  }
  // Those of other endpoints were looked for before.
  if (error instanceof StepError && isRouted(plan.switch) && isErrno(cause, "EEXIST") && isRoute(error.step))
    return routeExists(plan, error);
  // Ipvlans of one link are told apart by their addresses: two cannot have the same.
  if (plan.switch.kind === "ipvlan" && isErrno(cause, "EADDRINUSE"))
    return addressHeld(plan, "another ipvlan");
  const published = error instanceof StepError && error.step.action.kind === "rules";
  const claimed = published && isErrno(cause, "EEXIST") ? portTaken(machine.rules, plan) : undefined;
  return claimed ?? explainStacked(error, plan, machine.host) ?? refused(doing, error);
}

/** Which of the names that the attachment needs is somebody's, and where. */
function takenName(
  plan: Plan,
  { netlink, path }: CompartmentHandle,
  { host }: Machine,
): { readonly name: string; readonly where: string } | undefined {
  const tap = joinedTap(plan)?.name;
  const inside = portTap(plan) === undefined ? [linkName(plan), ...(tap === undefined ? [] : [tap])] : [];
  const found = inside.find((name) => linkOf(netlink, name) !== undefined);
  if (found !== undefined) return { name: found, where: `in ${path}` };
  const port = portTap(plan)?.name;
  return port !== undefined && linkOf(host, port) !== undefined
    ? { name: port, where: "on the host" }
    : undefined;
}

const isRoute = ({ title }: Step): boolean => title.startsWith("route add ");

/** It leads packets for the address elsewhere, and is not ours to take away. */
function routeExists({ owner }: Plan, error: StepError): CniError {
  const [, , destination] = error.step.title.split(" ");
  return new CniError(
    errorCode.conflict,
    `attach ${formatOwner(owner)}: the host has a route to ${destination} already, by another program`,
    {
      reason: "route-exists",
      details: `it was left as it is; look at ip route show ${destination}, or give the container another address`,
      cause: error,
    },
  );
}
