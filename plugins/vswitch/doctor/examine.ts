/** Looks at this host: all that the checks ask about. Changes nothing. */
import { resolve } from "node:path";
import type { Plan } from "../../../lib/model/plan.ts";
import type { HostProbe } from "../../../lib/model/probe.ts";
import type { SceneHost, SceneNetwork } from "../../../lib/model/scene.ts";
import type { EndpointRow } from "../../../lib/state/rows.ts";
import { checkOne } from "../check/check.ts";
import { rowReports } from "../check/rows.ts";
import { remainsOf } from "../gc/gc.ts";
import { type Host, liveEndpoints, sceneNetworks } from "../host.ts";
import { couldNotCheck } from "./diagnose.ts";
import { hostFiles } from "./files.ts";
import type { Complaint } from "./finding.ts";
import type { Part, Patient } from "./patient.ts";

export interface ExamineOptions {
  readonly "data-dir": string;
  readonly "results-dir": string;
  readonly "conf-dir": string;
  readonly "bin-dir": readonly string[];
}

export interface Examined {
  readonly patient: Patient;
  /** What could not be looked at. */
  readonly failures: readonly Complaint[];
}

/** @param warnings what the state says while it is opened is put there */
export function examine(host: Host, options: ExamineOptions, warnings: readonly string[]): Examined {
  const failures: Complaint[] = [];
  const unseen: Part[] = [];
  const attempt = <T>(part: Part, fn: () => T, instead: T): T => {
    try {
      return fn();
    } catch (cause) {
      unseen.push(part);
      failures.push(couldNotCheck(names[part], cause));
      return instead;
    }
  };
  const { backend } = host;
  const state = attempt("state", () => readState(host), nothing);
  const { endpoints } = state;
  const patient: Patient = {
    unseen,
    scene: {
      networks: state.networks,
      endpoints: state.plans,
      host: attempt("network", () => backend.observeSceneHost(), emptyHost),
    },
    probe: attempt("kernel", () => backend.probeHost(), emptyProbe),
    state: {
      dataDir: resolve(options["data-dir"]),
      warnings,
    },
    files: hostFiles,
    confDir: options["conf-dir"],
    binDirs: options["bin-dir"],
    nowMs: Date.now(),
    user: process.getuid?.() ?? 0,
    compartmentExists: (path) => backend.compartmentExists(path),
    reports: () => endpoints.map((row) => checkOne(row, host, options["results-dir"])),
    rows: () => rowReports(host),
    remains: () => remainsOf(host, options),
  };
  return { patient, failures };
}

const names: Readonly<Record<Part, string>> = {
  state: "the state",
  kernel: "the kernel",
  network: "the host's network",
};

interface State {
  readonly networks: readonly SceneNetwork[];
  readonly plans: readonly Plan[];
  readonly endpoints: readonly EndpointRow[];
}

function readState(host: Host): State {
  return {
    networks: sceneNetworks(host),
    plans: liveEndpoints(host).map(({ plan }) => plan),
    endpoints: host.store.endpoints.list(),
  };
}

const nothing: State = { networks: [], plans: [], endpoints: [] };

const emptyHost: SceneHost = {
  interfaces: [],
  routes: [],
  neighbours: [],
  forwarding: { 4: true, 6: true },
  foreign: [],
};

const emptyProbe: HostProbe = { features: [], layout: "current", layoutVersion: 0, legacyTables: [] };
