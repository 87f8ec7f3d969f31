/** The host as the tool's commands see it: its state, the back end, and both together as a scene. */
import { resolve } from "node:path";
import { loadTool } from "../../lib/load-backend.ts";
import type { Beside } from "../../lib/model/counters.ts";
import type { Plan } from "../../lib/model/plan.ts";
import type { Scene, SceneDirectory, SceneNetwork } from "../../lib/model/scene.ts";
import { isOverlay } from "../../lib/model/switch.ts";
import type { ToolBackend } from "../../lib/seam/tool-backend.ts";
import { isAgentAlive } from "../../lib/state/agent-lock.ts";
import { readBootId, readBootMs } from "../../lib/state/boot-id.ts";
import type { EndpointRow, NetworkRow } from "../../lib/state/rows.ts";
import { openStore, type Store } from "../../lib/state/store.ts";
import type { NetworkSpec } from "../../lib/verbs/network-spec.ts";
import { recover } from "../../lib/verbs/recover.ts";
import { cachedLeases, libcniCache } from "../ipam/libcni-cache.ts";

export interface HostOptions {
  /** Folder of the state. */
  readonly dataDir: string;
  /** Receives what the state has to say, such as that it was damaged and rebuilt. */
  readonly warn: (text: string) => void;
  /** Receives steps and messages in the words of `ip` and `nft`. */
  readonly trace?: (line: string) => void;
}

/** The state of the host alone: what the shell's completion needs, fast. */
export interface HostState {
  readonly bootId: string;
  /** Absolute. */
  readonly dataDir: string;
  /** A missing file reads as empty and stays missing. */
  readonly store: Store;
  close(): void;
}

export interface Host extends HostState {
  readonly backend: ToolBackend;
  close(): void;
}

/** An endpoint that is there, with its plan. */
export interface LiveEndpoint extends EndpointRow {
  readonly plan: Plan;
}

/** @throws {Error} on a platform without a back end */
export async function openHost(options: HostOptions): Promise<Host> {
  const backend = await loadTool(options.trace);
  const state = openState(options, backend);
  return {
    ...state,
    backend,
    close: () => {
      state.close();
      backend.close();
    },
  };
}

/** Opens, runs, and closes again, whatever happens. */
export async function withHost<T>(options: HostOptions, fn: (host: Host) => T | Promise<T>): Promise<T> {
  const host = await openHost(options);
  try {
    return await fn(host);
  } finally {
    host.close();
  }
}

/** @param backend what a damaged file is rebuilt from; absent: that waits for the next who has one */
export function openState({ dataDir: folder, warn }: HostOptions, backend?: ToolBackend): HostState {
  const bootId = readBootId();
  const dataDir = resolve(folder);
  const now = () => Date.now();
  const store = openStore({
    dataDir,
    bootId,
    now,
    warn,
    whenMissing: "empty",
    ...(backend === undefined
      ? {}
      : {
          recover: () => recover(backend),
          recoverLeases: () => cachedLeases(libcniCache, readBootMs(now())),
        }),
  });
  return { bootId, dataDir, store, close: () => store.close() };
}

/** Endpoints in phase ready, of this boot, whose plan is known. */
export function liveEndpoints({ store, bootId }: HostState, network?: string): readonly LiveEndpoint[] {
  return store.endpoints.list(network).flatMap((row) => {
    const { plan } = row;
    return row.phase === "ready" && row.bootId === bootId && plan !== null ? [{ ...row, plan }] : [];
  });
}

/** Of the endpoints in phase ready of the last boot that the state knows: of another host nobody here knows which it is. */
export function lastPlans({ store, bootId }: HostState): readonly Plan[] {
  const ready = store.endpoints.list().filter(({ phase }) => phase === "ready");
  const isHere = ready.some((row) => row.bootId === bootId);
  const last = isHere ? bootId : ready.toSorted((a, b) => b.createdMs - a.createdMs)[0]?.bootId;
  return ready.flatMap((row) => (row.bootId === last ? (row.plan ?? []) : []));
}

/** Networks of the state, of every kind. */
export function sceneNetworks(state: HostState): readonly SceneNetwork[] {
  return state.store.networks.list().map((row) => {
    const { switch: vswitch } = row.spec as NetworkSpec;
    const directory = isOverlay(vswitch) ? directoryOf(row, state) : undefined;
    return {
      name: row.name,
      kind: row.kind,
      switch: vswitch,
      ...(directory === undefined ? {} : { directory }),
    };
  });
}

/** What is known of the other hosts of an overlay network, and whether somebody follows what tells of them. */
export function directoryOf(
  { name, spec }: NetworkRow,
  { store, dataDir }: HostState,
): SceneDirectory | undefined {
  const known = store.directories.get(name);
  if (known === undefined) return undefined;
  const { directory } = spec as NetworkSpec;
  if (directory === undefined) return { ...known, type: "static" };
  return { ...known, type: directory.access.type, followed: isAgentAlive(dataDir) };
}

/** What the counters of the host's own links do not show. */
export function besideLinks(host: HostState): Beside {
  return {
    endpoints: liveEndpoints(host).map(({ plan }) => plan),
    switches: sceneNetworks(host).map(({ switch: vswitch }) => vswitch),
  };
}

/** All that decides about packets on this host. @throws {CniError} when the kernel cannot be asked */
export function readScene(host: Host): Scene {
  return {
    networks: sceneNetworks(host),
    endpoints: liveEndpoints(host).map(({ plan }) => plan),
    host: host.backend.observeSceneHost(),
  };
}
