/** The Linux back end: the seam of lib/backend.ts on rtnetlink, nftables and network namespaces. */
import type { Backend, Exclusively, HeldCompartment, Removal, UplinkState } from "../backend.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner } from "../model/owner.ts";
import { type Plan, portName } from "../model/plan.ts";
import { isBridge, isRouted, isStacked } from "../model/switch.ts";
import { isErrno } from "../os/error.ts";
import { closeFile, fileSystemType, O_NONBLOCK, openFile } from "../os/file.ts";
import { isTakenBridge, removeBridgeSwitch } from "./bridge/give-back.ts";
import { observeQuery } from "./bridge/query.ts";
import { compileConfigure, compileEndpoint } from "./compile/endpoint.ts";
import { compileSwitch } from "./compile/switch.ts";
import { getBaseTable } from "./layout/base-table.ts";
import { linkOf } from "./link-of.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { markedKey } from "./mark.ts";
import { observeMarks } from "./marks.ts";
import type { CompartmentHandle } from "./netns.ts";
import { defaultRoutes, observeHost, observeSwitch } from "./observe.ts";
import { observeAny } from "./observe-any.ts";
import { observeAcls } from "./port-acls.ts";
import { portTaken } from "./port-taken.ts";
import { removeEndpoint, removeSwitch } from "./remove.ts";
import { restoreElements } from "./restore.ts";
import { freeWays } from "./routed/remove.ts";
import { refused, runSteps, StepError } from "./run.ts";
import { explainStacked } from "./stacked/explain.ts";
import { observeStackedSwitch } from "./stacked/observe.ts";
import { isVnicOf, removeHostRoutes, removeStackedSwitch, removeStackedVnic } from "./stacked/remove.ts";
import { compileStackedSwitch } from "./stacked/switch.ts";
import type { Step } from "./step.ts";
import { openWorld } from "./world.ts";

/** Below the runtimes' own limits, above the slowest ADD with a delegate. */
const compartmentLockMs = 60_000;
/** NSFS_MAGIC of linux/magic.h. */
const nsfsMagic = 0x6e736673;

/**
 * @param trace receives steps and messages in the words of `ip` and `nft`
 * @param machine what it works on: this machine, or a fake
 */
export function linuxBackend(trace?: (line: string) => void, machine: Machine = thisMachine(trace)): Backend {
  const held = new WeakMap<HeldCompartment, CompartmentHandle>();
  return {
    missingFeatures: () => missingFeatures(machine),
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
      ensureSwitch(plan, exclusively, others);
      requireFreeWays(plan);
      try {
        runSteps(compileEndpoint(plan, handle.fd, observeAcls(machine.rules, plan)), world, trace);
      } catch (error) {
        throw asking(`attach ${formatOwner(plan.owner)}`, () => explain(error, plan, handle, machine));
      }
      requireStillThere(plan, handle);
    },
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
        return removeSwitch(machine, removed.network, removed.name);
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
  function ensureSwitch(plan: Plan, exclusively: Exclusively, others: () => readonly Plan[]): void {
    const { switch: vswitch } = plan;
    asking(`make switch ${vswitch.name} of network ${plan.owner.network}`, () => {
      if (isStacked(vswitch)) {
        const steps = () => compileStackedSwitch(vswitch, observeStackedSwitch(machine.host, vswitch));
        if (steps().length === 0) return;
        exclusively(() => runSteps(steps(), openWorld(machine), trace));
        return;
      }
      const observed = () => observeSwitch(machine, vswitch);
      if (compileSwitch(vswitch, observed()).length === 0) return;
      exclusively(() => {
        const found = observed();
        runSteps(compileSwitch(vswitch, found), openWorld(machine), trace);
        if (found.layout !== "current") restoreElements(machine, others());
        // What came to the uplink just then: an address of a router's advertisement, say.
        if (isBridge(vswitch)) runSteps(compileSwitch(vswitch, observed()), openWorld(machine), trace);
      });
    });
  }
}

/** Runs it; what the kernel refuses becomes an error of CNI that says what was being done. */
export function asking<T>(doing: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const refusal = error instanceof StepError || (error instanceof Error && "errno" in error);
    throw refusal ? refused(doing, error) : error;
  }
}

/** Another link below that has lost its own (a VLAN of an uplink that is down) has no carrier either. */
function uplinkState(host: Machine["host"], lower: string): UplinkState {
  const link = linkOf(host, lower);
  if (link === undefined) return "gone";
  return link.up && link.carrier ? "up" : "down";
}

function missingFeatures({ rules }: Machine): readonly string[] {
  try {
    rules.request(getBaseTable());
  } catch (error) {
    if (!isErrno(error, "ENOENT")) return [`nftables (CONFIG_NF_TABLES, module nf_tables): ${String(error)}`];
  }
  return [];
}

function lockCompartment(path: string, waitMs: number, machine: Machine): () => void {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO at this path must not hold the plugin up.
    fd = openFile(path, O_NONBLOCK);
  } catch {
    return () => {};
  }
  try {
    if (compartmentExists(path)) machine.lockDescriptor(fd, path, waitMs);
    return () => closeFile(fd);
  } catch (error) {
    closeFile(fd);
    throw error;
  }
}

function compartmentExists(path: string): boolean {
  try {
    return fileSystemType(path) === nsfsMagic;
  } catch {
    return false;
  }
}

/** vNICs without a port bear their mark in the compartment alone. */
function isAttached(machine: Machine, { key, path, plan }: Removal): boolean {
  if (plan === undefined || !isStacked(plan.switch))
    return markedKey(linkOf(machine.host, portName(key))?.alias) === key;
  const inside = tryOpen(path ?? plan.compartment.path, machine);
  try {
    const link = inside && linkOf(inside.netlink, plan.vnic.name);
    return link !== undefined && isVnicOf(link, key, plan);
  } finally {
    inside?.close();
  }
}

function removeAny(machine: Machine, { key, path, plan }: Removal): void {
  const where = path ?? plan?.compartment.path;
  if (where !== undefined && (plan === undefined || isStacked(plan.switch))) {
    const inside = tryOpen(where, machine);
    try {
      if (inside !== undefined) removeStackedVnic({ host: machine.host, inside: inside.netlink }, key, plan);
    } finally {
      inside?.close();
    }
  }
  if (plan !== undefined && isStacked(plan.switch)) removeHostRoutes(machine.host, plan);
  else removeEndpoint(machine, key, plan);
}

/** @returns undefined when there is none. @throws {CniError} 110 */
export function tryOpen(path: string, machine: Machine): CompartmentHandle | undefined {
  try {
    return machine.openCompartment(path);
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.compartmentInvalid) return undefined;
    throw error;
  }
}

/** Its state was lost, or is in another store of this host; or the name is somebody else's. */
function portExists({ owner, port, vnic, compartment }: Plan): CniError {
  return new CniError(
    errorCode.interfaceExists,
    `attach ${formatOwner(owner)}: its port ${port.name} exists already`,
    {
      reason: "interface-exists",
      details: `it was left as it is; call DEL for ${vnic.name} in ${compartment.path} first`,
    },
  );
}

/** As where the wire answers that somebody has it. */
function addressHeld({ owner, vnic }: Plan, holder: string): CniError {
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
function explain(error: unknown, plan: Plan, compartment: CompartmentHandle, machine: Machine): CniError {
  const doing = `attach ${formatOwner(plan.owner)}`;
  const cause = error instanceof StepError ? error.cause : error;
  const { name } = plan.vnic;
  const names = ({ title }: Step): boolean =>
    title.startsWith("link add") || title.includes(` name ${name} `);
  if (
    error instanceof StepError &&
    names(error.step) &&
    isErrno(cause, "EEXIST") &&
    linkOf(compartment.netlink, name) !== undefined
  ) {
    return new CniError(
      errorCode.interfaceExists,
      `${doing}: interface ${name} exists in ${compartment.path} already`,
      {
        reason: "interface-exists",
        details: "it was left as it is; give the attachment another CNI_IFNAME or remove that interface",
        cause: error,
      },
    );
  }
  // Ipvlans of one link are told apart by their addresses: two cannot have the same.
  if (plan.switch.kind === "ipvlan" && isErrno(cause, "EADDRINUSE"))
    return addressHeld(plan, "another ipvlan");
  const published = error instanceof StepError && error.step.action.kind === "rules";
  const taken = published && isErrno(cause, "EEXIST") ? portTaken(machine.rules, plan) : undefined;
  return taken ?? explainStacked(error, plan, machine.host) ?? refused(doing, error);
}
