/** The Linux back end: the seam of lib/backend.ts on rtnetlink, nftables and network namespaces. */
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import { isBridge, isRouted, isStacked } from "../model/switch.ts";
import { isErrno } from "../os/error.ts";
import type { Applied, Backend, Exclusively, HeldCompartment, UplinkState } from "../seam/backend.ts";
import { isTakenBridge, removeBridgeSwitch } from "./bridge/give-back.ts";
import { observeQuery } from "./bridge/query.ts";
import { compileConfigure, compileEndpoint } from "./compile/endpoint.ts";
import { compileSwitch } from "./compile/switch.ts";
import { addressHeld, explain, portExists } from "./explain-attach.ts";
import { getBaseTable } from "./layout/base-table.ts";
import { linkOf } from "./link-of.ts";
import { compartmentExists, lockCompartment } from "./lock-compartment.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { observeMarks } from "./marks.ts";
import type { CompartmentHandle } from "./netns.ts";
import { defaultRoutes, observeHost, observeSwitch } from "./observe.ts";
import { observeAny } from "./observe-any.ts";
import type { Memory } from "./overlay/reached.ts";
import { observeAcls } from "./port-acls.ts";
import { asking } from "./refused.ts";
import { removeSwitch } from "./remove.ts";
import { isAttached, removeAny } from "./remove-any.ts";
import { restoreElements } from "./restore.ts";
import { freeWays } from "./routed/remove.ts";
import { runSteps } from "./run.ts";
import { observeStackedSwitch } from "./stacked/observe.ts";
import { removeStackedSwitch } from "./stacked/remove.ts";
import { compileStackedSwitch } from "./stacked/switch.ts";
import { tryOpen } from "./try-open.ts";
import { openWorld } from "./world.ts";

const connecting = () => require("./overlay/connect.ts") as typeof import("./overlay/connect.ts");
const overlayFeatures = () => require("./overlay/features.ts") as typeof import("./overlay/features.ts");
const taps = () => require("./vm/create-tap.ts") as typeof import("./vm/create-tap.ts");

/** Below the runtimes' own limits, above the slowest ADD with a delegate. */
const compartmentLockMs = 60_000;

/**
 * @param trace receives steps and messages in the words of `ip` and `nft`
 * @param machine what it works on: this machine, or a fake
 * @param memory of how other hosts are reached, for who stays
 */
export function linuxBackend(
  trace?: (line: string) => void,
  machine: Machine = thisMachine(trace),
  memory?: Memory,
): Backend {
  const held = new WeakMap<HeldCompartment, CompartmentHandle>();
  return {
    missingFeatures: ({ taps, overlay }) => [
      ...missingFeatures(machine),
      ...(taps ? missingTaps() : []),
      ...(overlay === undefined ? [] : overlayFeatures().missingForOverlay(machine, overlay)),
    ],
    observeHost: (uplink, query) =>
      asking("read the host's routes", () => {
        const facts = observeHost(machine.host, uplink);
        return query === undefined ? facts : observeQuery(machine, facts, uplink, query);
      }),
    uplinkState: (vswitch) =>
      asking(`look at the uplink ${vswitch.uplink}`, () => uplinkState(machine.host, vswitch.lower)),
    holdCompartment: (path) => asking(`hold the compartment ${path}`, () => hold(path)),
    lockCompartment: (path, waitMs = compartmentLockMs) =>
      asking(`wait for the compartment ${path}`, () => lockCompartment(path, waitMs, machine)),
    isAttached: (endpoint) =>
      asking(`look for endpoint ${endpoint.key}`, () => isAttached(machine, endpoint)),
    compartmentExists,
    apply(plan, compartment, exclusively, others = () => []) {
      const handle = handleOf(compartment);
      const world = openWorld(machine, handle);
      refuseSecond(plan);
      const applied = ensureSwitch(plan, exclusively, others);
      requireFreeWays(plan);
      try {
        runSteps(compileEndpoint(plan, handle.fd, observeAcls(machine.rules, plan)), world, trace);
      } catch (error) {
        throw asking(`attach ${formatOwner(plan.owner)}`, () => explain(error, plan, handle, machine));
      }
      requireStillThere(plan, handle);
      return applied;
    },
    connectPeers: (vswitch, remotes, how) =>
      asking(`reach the other hosts of network ${vswitch.network}`, () =>
        connecting().connectPeers(machine, vswitch, remotes, how, memory),
      ),
    comparePeers: (vswitch, remotes) =>
      asking(`look how the other hosts of network ${vswitch.network} are reached`, () =>
        connecting().comparePeers(machine, vswitch, remotes),
      ),
    configure(plan, compartment) {
      const handle = handleOf(compartment);
      const doing = `give ${formatOwner(plan.owner)} its addresses`;
      requireFreeWays(plan);
      asking(doing, () => {
        const steps = compileConfigure(plan, observeAcls(machine.rules, plan));
        runSteps(steps, openWorld(machine, handle), trace);
      });
      requireStillThere(plan, handle);
    },
    observe: (plan) =>
      asking(`observe ${formatOwner(plan.owner)}`, () => {
        const inside = tryOpen(plan.compartment.path, machine);
        try {
          return observeAny(machine, plan, inside?.netlink);
        } finally {
          inside?.close();
        }
      }),
    remove: (removal) =>
      asking(
        `remove endpoint ${removal.plan === undefined ? removal.key : formatOwner(removal.plan.owner)}`,
        () => removeAny(machine, removal),
      ),
    removeSwitch: (removed) =>
      asking(`remove switch ${removed.name} of network ${removed.network}`, () => {
        const { definition } = removed;
        const bridged = isTakenBridge(machine.host, removed);
        if (bridged && !removeBridgeSwitch(machine, removed, trace)) return false;
        removeStackedSwitch(machine.host, removed);
        if (bridged || (definition !== undefined && isStacked(definition))) return true;
        return removeSwitch(machine, removed);
      }),
    marks: (network) => asking("read the marks on kernel objects", () => observeMarks(machine, network)),
    close: () => machine.close(),
  };

  function hold(path: string): HeldCompartment {
    const handle = machine.openCompartment(path, trace === undefined ? {} : { trace });
    try {
      machine.lockDescriptor(handle.fd, path, compartmentLockMs);
      const compartment = {
        path,
        defaultRoutes: defaultRoutes(handle.netlink),
        close: () => handle.close(),
      };
      held.set(compartment, handle);
      return compartment;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  function handleOf(compartment: HeldCompartment): CompartmentHandle {
    const handle = held.get(compartment);
    if (handle === undefined) throw new Error(`${compartment.path} is not held by this back end`);
    return handle;
  }

  /** Our descriptor kept it alive; with us it would go, and its interface with it. */
  function requireStillThere(plan: Plan, handle: CompartmentHandle): void {
    if (machine.stillThere(handle)) return;
    asking(`undo ${formatOwner(plan.owner)}`, () => removeAny(machine, { key: plan.key, plan }));
    throw new CniError(errorCode.compartmentInvalid, `the compartment ${handle.path} vanished during ADD`, {
      reason: "compartment-missing",
      details: "the container was removed meanwhile; nothing was left behind",
    });
  }

  /** Undoing would take the policies of the port that is there. */
  function refuseSecond(plan: Plan): void {
    if (isStacked(plan.switch)) return;
    const { name } = plan.port;
    if (asking(`look for port ${name}`, () => linkOf(machine.host, name)) !== undefined)
      throw portExists(plan);
  }

  /** A route of the host leads to one endpoint alone. */
  function requireFreeWays(plan: Plan): void {
    if (!isRouted(plan.switch)) return;
    const holder = asking(`look for the addresses of ${formatOwner(plan.owner)}`, () =>
      freeWays(machine.host, plan),
    );
    if (holder !== undefined) throw addressHeld(plan, holder);
  }

  /** The common case, a switch that is there, takes no lock. */
  function ensureSwitch(plan: Plan, exclusively: Exclusively, others: () => readonly Plan[]): Applied {
    const { switch: vswitch } = plan;
    return asking(`make switch ${vswitch.name} of network ${plan.owner.network}`, () => {
      if (isStacked(vswitch)) {
        const steps = () => compileStackedSwitch(vswitch, observeStackedSwitch(machine.host, vswitch));
        if (steps().length === 0) return nothingMade;
        exclusively(() => runSteps(steps(), openWorld(machine), trace));
        return { switchMade: true, rulesMade: false };
      }
      const observed = () => observeSwitch(machine, vswitch);
      if (compileSwitch(vswitch, observed()).length === 0) return nothingMade;
      let rulesMade = false;
      exclusively(() => {
        const found = observed();
        runSteps(compileSwitch(vswitch, found), openWorld(machine), trace);
        rulesMade = found.layout !== "current";
        if (rulesMade) restoreElements(machine, others());
        // What came to the uplink just then: an address of a router's advertisement, say.
        if (isBridge(vswitch)) runSteps(compileSwitch(vswitch, observed()), openWorld(machine), trace);
      });
      return { switchMade: true, rulesMade };
    });
  }
}

const nothingMade: Applied = { switchMade: false, rulesMade: false };

/** Another link below that has lost its own (a VLAN of an uplink that is down) has no carrier either. */
function uplinkState(host: Machine["host"], lower: string): UplinkState {
  const link = linkOf(host, lower);
  if (link === undefined) return "gone";
  return link.up && link.carrier ? "up" : "down";
}

function missingTaps(): readonly string[] {
  try {
    taps().requireTaps();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function missingFeatures({ rules }: Machine): readonly string[] {
  try {
    rules.request(getBaseTable());
  } catch (error) {
    if (!isErrno(error, "ENOENT")) return [`nftables (CONFIG_NF_TABLES, module nf_tables): ${String(error)}`];
  }
  return [];
}
