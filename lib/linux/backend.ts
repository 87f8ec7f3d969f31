/** The Linux back end: the seam of lib/backend.ts on rtnetlink, nftables and network namespaces. */
import { closeSync, openSync, statfsSync } from "node:fs";
import type { Backend, HeldCompartment } from "../backend.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { formatOwner } from "../model/owner.ts";
import { type Plan, portName } from "../model/plan.ts";
import { isErrno } from "../netlink/error.ts";
import { decodeLink } from "../netlink/route/decode-link.ts";
import { dumpLinks } from "../netlink/route/link.ts";
import { compileEndpoint } from "./compile/endpoint.ts";
import { compileSwitch } from "./compile/switch.ts";
import { getBaseTable } from "./layout/base-table.ts";
import { lockDescriptor, withFileLock } from "./lock.ts";
import { markedKey, parseEndpointAlias, parseSwitchAlias } from "./mark.ts";
import { type CompartmentHandle, openCompartment } from "./netns.ts";
import { defaultRoutes, linkOf, observeEndpoint, observeHost, observeSwitch } from "./observe.ts";
import { removeEndpoint, removeSwitch } from "./remove.ts";
import { refused, runSteps, StepError } from "./run.ts";
import { openHostSockets, openWorld } from "./world.ts";

/** The host's own namespace: a lock on it is one lock per host, and leaves no file behind. */
const hostLock = "/proc/thread-self/ns/net";
/** Creating a switch takes ~30 ms; 100 at once wait for it only while it is made. */
const switchLockMs = 20_000;
/** Below the runtimes' own limits, above the slowest ADD with a delegate. */
const compartmentLockMs = 60_000;
/** NSFS_MAGIC of linux/magic.h. */
const nsfsMagic = 0x6e736673;

/** @param trace receives steps and messages in the words of `ip` and `nft` */
export function linuxBackend(trace?: (line: string) => void): Backend {
  const sockets = openHostSockets(trace);
  const held = new WeakMap<HeldCompartment, CompartmentHandle>();
  return {
    missingFeatures: () => missingFeatures(sockets),
    observeHost: (uplink) => observeHost(sockets.host, uplink),
    holdCompartment(path) {
      const handle = openCompartment(path, { packet: true, ...(trace === undefined ? {} : { trace }) });
      try {
        lockDescriptor(handle.fd, path, compartmentLockMs);
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
    },
    lockCompartment,
    hasPort: (key) => markedKey(linkOf(sockets.host, portName(key))?.alias) === key,
    compartmentExists,
    apply(plan, compartment) {
      const handle = held.get(compartment);
      if (handle === undefined) throw new Error(`${compartment.path} is not held by this back end`);
      const world = openWorld(sockets, handle);
      ensureSwitch(plan);
      try {
        runSteps(compileEndpoint(plan, handle.fd), world, trace);
      } catch (error) {
        throw explain(error, plan, handle);
      }
    },
    observe: (plan) => {
      const inside = tryOpen(plan.compartment.path);
      try {
        return observeEndpoint(sockets, plan, inside?.netlink);
      } finally {
        inside?.close();
      }
    },
    remove({ key, plan }) {
      try {
        removeEndpoint(sockets, key, plan);
      } catch (error) {
        throw refused(`remove endpoint ${plan === undefined ? key : formatOwner(plan.owner)}`, error);
      }
    },
    removeSwitch: ({ network, name }) =>
      withFileLock(hostLock, switchLockMs, () => removeSwitch(sockets, network, name)),
    marks(network) {
      const links = ["veth", "bridge"].flatMap((kind) =>
        sockets.host.request(dumpLinks({ kind })).map(decodeLink),
      );
      const switches = links.flatMap((link) => parseSwitchAlias(link.name, link.mtu, link.alias) ?? []);
      const endpoints = links.flatMap((link) => parseEndpointAlias(link.alias) ?? []);
      if (network === undefined) return { switches, endpoints };
      return {
        switches: switches.filter((mark) => mark.network === network),
        endpoints: endpoints.filter((mark) => mark.owner?.network === network),
      };
    },
    close: () => sockets.close(),
  };

  /** The common case, a switch that is there, takes no lock. */
  function ensureSwitch(plan: Plan): void {
    const steps = () => compileSwitch(plan.switch, observeSwitch(sockets, plan.switch));
    try {
      if (steps().length === 0) return;
      withFileLock(hostLock, switchLockMs, () => runSteps(steps(), openWorld(sockets), trace));
    } catch (error) {
      throw refused(`make switch ${plan.switch.name} of network ${plan.owner.network}`, error);
    }
  }
}

function missingFeatures(sockets: ReturnType<typeof openHostSockets>): readonly string[] {
  try {
    sockets.rules.request(getBaseTable());
  } catch (error) {
    if (!isErrno(error, "ENOENT")) return [`nftables (CONFIG_NF_TABLES, module nf_tables): ${String(error)}`];
  }
  return [];
}

function lockCompartment(path: string): () => void {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return () => {};
  }
  try {
    if (compartmentExists(path)) lockDescriptor(fd, path, compartmentLockMs);
    return () => closeSync(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function compartmentExists(path: string): boolean {
  try {
    return statfsSync(path).type === nsfsMagic;
  } catch {
    return false;
  }
}

function tryOpen(path: string): CompartmentHandle | undefined {
  try {
    return openCompartment(path);
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.compartmentInvalid) return undefined;
    throw error;
  }
}

/** The kernel says EEXIST for either end of the pair: tell which. */
function explain(error: unknown, plan: Plan, compartment: CompartmentHandle): CniError {
  const doing = `attach ${formatOwner(plan.owner)}`;
  const cause = error instanceof StepError ? error.cause : error;
  const failedFirst = error instanceof StepError && error.step.title.startsWith("link add");
  if (failedFirst && isErrno(cause, "EEXIST") && linkOf(compartment.netlink, plan.vnic.name) !== undefined) {
    return new CniError(
      errorCode.interfaceExists,
      `${doing}: interface ${plan.vnic.name} exists in ${compartment.path} already`,
      {
        reason: "interface-exists",
        details: "it was left as it is; give the attachment another CNI_IFNAME or remove that interface",
        cause: error,
      },
    );
  }
  return refused(doing, error);
}
