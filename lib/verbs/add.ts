/**
 * ADD: lease and intent in one transaction, then the kernel, then "ready".
 *
 * Whatever fails after the lease gives it back; a process killed at any instruction leaves a row in phase `adding`
 * that DEL, GC or the next ADD of the same key cleans.
 */
import { parseRuntimeConfig } from "../cni/capability.ts";
import { type Dns, firstDns } from "../cni/dns.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { type AddRequest, toDelRequest } from "../cni/request.ts";
import { mergeResult, type Result } from "../cni/result.ts";
import { formatOwner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import { isOverlay, type Switch } from "../model/switch.ts";
import type { HeldCompartment } from "../seam/backend.ts";
import { removalOf } from "../state/removal.ts";
import type { Store } from "../state/store.ts";
import { type AddressSource, addressSource } from "./address-source.ts";
import { claimsOf, dataDirOf, ownerOf } from "./attachment.ts";
import type { Context } from "./context.ts";
import { defineNetwork, rememberSwitch } from "./define-network.ts";
import { guestDefaultRoutes } from "./guest-routes.ts";
import type { IpamResult } from "./ipam-result.ts";
import type { NetworkPlugin } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";
import { releaseSwitch } from "./release-switch.ts";
import { resultOf } from "./result.ts";

const reaching = () => require("./reach-peers.ts") as typeof import("./reach-peers.ts");

/** One ADD with everything it needs. */
interface Adding<Config, S extends Switch> {
  readonly plugin: NetworkPlugin<Config, S>;
  readonly request: AddRequest;
  readonly config: Config;
  readonly context: Context;
  readonly store: Store;
  readonly source: AddressSource;
  readonly compartment: HeldCompartment;
}

export function add<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  request: AddRequest,
  context: Context,
): Result {
  const config = plugin.parse(request);
  const compartment = context.backend.holdCompartment(request.netns);
  try {
    const store = context.openStore(dataDirOf(request.config, context.env));
    try {
      const source = addressSource(request, store, context, plugin);
      return attach({ plugin, request, config, context, store, source, compartment });
    } finally {
      store.close();
    }
  } finally {
    compartment.close();
  }
}

/** How far an ADD has come, for what takes it back. */
interface Progress {
  /** Whether there is anything to take back: until our own transaction is through there is not; a delegate acts at once. */
  begun: boolean;
  /** What has become true; an `apply` that fails undoes its part by itself. */
  applied?: Plan;
}

interface Planned {
  readonly plan: Plan;
  readonly ipam: IpamResult;
}

function attach<Config, S extends Switch>(adding: Adding<Config, S>): Result {
  const { request, store, source } = adding;
  const { key, ...owner } = ownerOf(request);
  reclaim(adding, key);
  const isNew = store.networks.get(owner.network) === undefined;
  const progress: Progress = { begun: !source.inProcess };
  try {
    // A guest is not there yet: what asks the wire for addresses would ask in vain.
    const early = source.needsVnic && adding.plugin.vnicType(adding.config) === "hostVnic";
    const attached = early ? vnicFirst(adding, progress) : addressFirst(adding, progress);
    if (!store.endpoints.setPhase(key, "ready")) throw overtaken(attached.plan);
    return mergeResult(request.config.prevResult, resultOf(attached.plan, dnsOf(request, attached.ipam)));
  } catch (error) {
    if (progress.begun) undo(adding, key, isNew, progress.applied);
    throw error;
  }
}

function addressFirst<Config, S extends Switch>(adding: Adding<Config, S>, progress: Progress): Planned {
  const planned = adding.source.inProcess ? planInOneTransaction(adding) : planWithDelegate(adding);
  progress.begun = true;
  apply(adding, planned.plan);
  progress.applied = planned.plan;
  return planned;
}

/** The container is on the wire without an address; who gives it one may ask there. */
function vnicFirst<Config, S extends Switch>(adding: Adding<Config, S>, progress: Progress): Planned {
  const bare = planWith(adding, { interfaces: [], ips: [], routes: [], dns: {} });
  progress.begun = true;
  apply(adding, bare);
  progress.applied = bare;
  const ipam = addressesOf(adding);
  const plan = planWith(adding, ipam);
  adding.context.backend.configure(plan, adding.compartment);
  progress.applied = plan;
  return { plan, ipam };
}

/** The state file's lock serves: whoever makes or removes a switch holds it, and only root can. */
function apply<Config, S extends Switch>(adding: Adding<Config, S>, plan: Plan): void {
  const { context, compartment, store, plugin, config } = adding;
  const applied = context.backend.apply(
    plan,
    compartment,
    (fn) => store.transaction(fn),
    () => othersOf(adding),
  );
  try {
    if (isOverlay(plan.switch)) reaching().reachPeers(plan.switch, plugin.peers?.(config), applied, adding);
    if (applied.rulesMade) reaching().reachPeersOfOthers(plan.owner.network, adding);
  } catch (error) {
    context.backend.remove({ key: plan.key, path: plan.compartment.path, plan });
    throw error;
  }
}

/**
 * The attachments of this host, save those whose ADD is at work: it adds their rules itself. An overlay network's switch
 * is as its row has it: other hosts came and went since they were attached.
 */
function othersOf<Config, S extends Switch>({ store, context }: Adding<Config, S>): readonly Plan[] {
  const rows = store.endpoints.list().filter((row) => row.phase === "ready" && row.bootId === context.bootId);
  return rows.flatMap(({ plan, network }) => {
    if (!plan || !isOverlay(plan.switch)) return plan ?? [];
    const spec = store.networks.get(network)?.spec as NetworkSpec | undefined;
    return { ...plan, switch: spec?.switch ?? plan.switch };
  });
}

/** Its address may be somebody else's by now, so it must not be told as attached. */
function overtaken({ owner }: Plan): CniError {
  return new CniError(
    errorCode.tryAgainLater,
    `attach ${formatOwner(owner)}: DEL or GC took it away meanwhile`,
    {
      reason: "overtaken",
      details: "nothing was left behind; the runtime called two verbs for one container at once",
    },
  );
}

/** A row of this key is left by a crash, by a reboot, or by an ADD that came before. */
function reclaim<Config, S extends Switch>(
  { store, source, request, context }: Adding<Config, S>,
  key: string,
): void {
  const row = store.endpoints.get(key);
  if (row === undefined) return;
  const alive =
    row.phase === "ready" && row.bootId === context.bootId && context.backend.isAttached(removalOf(row));
  if (alive) {
    throw new CniError(errorCode.interfaceExists, `attach ${formatOwner(row)}: it is attached already`, {
      reason: "already-attached",
      details: `in ${row.netns}; the runtime must call DEL before it calls ADD again`,
    });
  }
  context.log.warn(`cleaning what an unfinished ADD left of ${formatOwner(row)}`);
  context.backend.remove(removalOf(row));
  // Ours gives the same address again to the same key; of a delegate nobody knows.
  if (!source.inProcess) source.del(toDelRequest(request));
  store.endpoints.remove(key);
}

function planInOneTransaction<Config, S extends Switch>(adding: Adding<Config, S>): Planned {
  const { store, source, request } = adding;
  return store.transaction(() => {
    const network = defineNetwork(adding.plugin, adding.config, request, adding);
    const ipam = source.add(request, network.automatic);
    return { plan: record(adding, ipam, network.switch), ipam };
  });
}

/** The intent is written before the delegate runs, so that DEL knows of it whatever happens. */
function planWithDelegate<Config, S extends Switch>(adding: Adding<Config, S>): Planned {
  const { store, request, context } = adding;
  const owner = ownerOf(request);
  const row = { ...owner, netns: request.netns, phase: "adding", plan: null } as const;
  store.endpoints.put({ ...row, bootId: context.bootId, createdMs: context.now() });
  const ipam = addressesOf(adding);
  return { plan: planWith(adding, ipam), ipam };
}

/** The runtime's word, else the configuration's, else the ipam's, else what plugins before said: as the result has it. */
function dnsOf({ config }: AddRequest, ipam: IpamResult): Dns {
  const { dns } = parseRuntimeConfig(config.runtimeConfig, config.name);
  return firstDns(dns, config.dns, ipam.dns, config.prevResult?.dns);
}

/** With addresses that came from elsewhere. */
function planWith<Config, S extends Switch>(adding: Adding<Config, S>, ipam: IpamResult): Plan {
  return adding.store.transaction(() => {
    const network = defineNetwork(adding.plugin, adding.config, adding.request, adding);
    return record(adding, ipam, network.switch);
  });
}

/** Of a delegate. @throws {CniError} 7 when it gives none: who wants none names no ipam */
function addressesOf<Config, S extends Switch>({ source, request, plugin }: Adding<Config, S>): IpamResult {
  const ipam = source.add(request);
  if (ipam.ips.length > 0) return ipam;
  throw new CniError(
    errorCode.invalidConfig,
    `ipam ${request.config.ipam?.type}: its result holds no address`,
    {
      reason: "ipam-without-address",
      details:
        plugin.withoutIpam === "none"
          ? "a container that shall have none is attached without an ipam in the configuration"
          : `a ${plugin.kind} network needs at least one address per container`,
    },
  );
}

/** Plans and writes the plan down with the ports it takes. */
function record<Config, S extends Switch>(adding: Adding<Config, S>, ipam: IpamResult, known: S): Plan {
  const { plugin, request, config, store, context } = adding;
  const { key, ...owner } = ownerOf(request);
  const defaultRoutes = defaultRoutesOf(adding, key);
  const dns = dnsOf(request, ipam);
  const plan = plugin.plan({ owner, path: request.netns, config, switch: known, ipam, defaultRoutes, dns });
  rememberSwitch(plan.switch, adding);
  const row = { ...owner, key, netns: request.netns, phase: "adding", plan } as const;
  store.endpoints.put({ ...row, bootId: context.bootId, createdMs: context.now() });
  store.ports.claim(key, claimsOf(plan));
  return plan;
}

/** Of the stack that gets the addresses: the compartment's, or the guest's. */
function defaultRoutesOf<Config, S extends Switch>(adding: Adding<Config, S>, key: string) {
  const { plugin, request, config, store, context, compartment } = adding;
  if (plugin.vnicType(config) === "hostVnic") return compartment.defaultRoutes;
  const { containerId } = ownerOf(request);
  return guestDefaultRoutes({ containerId, key, bootId: context.bootId }, store.endpoints.list());
}

/**
 * A failure here must not hide the one that led here.
 */
function undo<Config, S extends Switch>(
  adding: Adding<Config, S>,
  key: string,
  isNew: boolean,
  applied: Plan | undefined,
): void {
  const { store, source, request, context } = adding;
  const attempt = (what: string, fn: () => void): void => {
    try {
      fn();
    } catch (error) {
      context.log.warn(
        `undoing a failed ADD: ${what}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  // The kernel first: an address that still answers must not be free.
  if (applied !== undefined)
    attempt("remove the endpoint", () =>
      context.backend.remove({ key, path: applied.compartment.path, plan: applied }),
    );
  attempt("release the address", () => source.del(toDelRequest(request)));
  attempt("forget the endpoint", () => store.endpoints.remove(key));
  if (isNew) attempt("remove the switch", () => releaseSwitch(request.config.name, adding, { forget: true }));
}
