/** Hosts as the doctor sees them, as literals. */
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import type { EndpointRow } from "../../../../lib/state/rows.ts";
import type { Check } from "../../../../plugins/vswitch/doctor/check.ts";
import type { FileFacts, Patient, PatientFiles } from "../../../../plugins/vswitch/doctor/patient.ts";
import type { Remains } from "../../../../plugins/vswitch/gc/judge.ts";
import { rowOf } from "../fixture.ts";
import { endpoint, network, scene } from "../graph/scenes.ts";

export const nat = network("nat", { gateways: ["10.61.0.1/24", "fd00:61::1/64"] });
export const web = endpoint(nat, {
  containerId: "web",
  addresses: ["10.61.0.2", "fd00:61::2"],
  publish: ["8080:80/tcp"],
});
export const db = endpoint(nat, { containerId: "db", addresses: ["10.61.0.3", "fd00:61::3"] });

export interface PatientOptions
  extends Partial<Omit<Patient, "files" | "state" | "scene" | "probe" | "remains">> {
  /** Default: two containers of one network on a host that is well. */
  readonly scene?: Scene;
  readonly probe?: Partial<Patient["probe"]>;
  readonly state?: Partial<Patient["state"]>;
  /** Texts by path; the settings below /proc/sys/net by their path there. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly stats?: Readonly<Record<string, Partial<FileFacts>>>;
  readonly space?: ReturnType<PatientFiles["space"]>;
  readonly remains?: Partial<Remains>;
  /** Compartments that are gone. */
  readonly gone?: readonly string[];
}

/** A host that is well, but for what is given. */
export function patient(options: PatientOptions = {}): Patient {
  const { probe, state, texts = {}, sysctls = {}, stats = {}, space, remains, gone = [], ...rest } = options;
  const whole = options.scene ?? scene([nat], [web, db]);
  return {
    unseen: [],
    scene: whole,
    probe: { features: [], layout: "current", layoutVersion: 2, legacyTables: [], ...probe },
    state: {
      dataDir: "/state",
      warnings: [],
      ...state,
    },
    files: files(texts, sysctls, stats, space),
    confDir: "/conf",
    binDirs: ["/opt/cni/bin"],
    nowMs: 1_000_000_000,
    user: 0,
    compartmentExists: (path) => path !== "" && !gone.includes(path),
    reports: () => [],
    rows: () => [],
    remains: () => ({
      endpoints: whole.endpoints.map((plan) => row(plan)),
      networks: whole.networks.map(({ name }) => name),
      leases: [],
      marks: [],
      switches: [],
      bootId: "boot",
      exists: (path) => path !== "" && !gone.includes(path),
      hasPort: () => true,
      isRemembered: () => false,
      ...remains,
    }),
    ...rest,
  };
}

export const row = (plan: Plan, changes: Partial<EndpointRow> = {}): EndpointRow =>
  rowOf(plan, { bootId: "boot", createdMs: 0, ...changes });

function files(
  texts: Readonly<Record<string, string>>,
  sysctls: Readonly<Record<string, string>>,
  stats: Readonly<Record<string, Partial<FileFacts>>>,
  space: ReturnType<PatientFiles["space"]>,
): PatientFiles {
  const paths = [...Object.keys(texts), ...Object.keys(stats)];
  return {
    text: (path) => texts[path] ?? sysctls[path.replace("/proc/sys/net/", "")],
    list: (folder) =>
      paths
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1))
        .toSorted(),
    stat: (path) =>
      stats[path] && { bytes: 1, permissions: 0o600, user: 0, executable: false, ...stats[path] },
    space: () => space,
  };
}

/** What a check finds, one line each: severity, title, what was seen, commands. */
export async function findings(check: Check, options: PatientOptions = {}): Promise<readonly string[]> {
  const found = await check.find(patient(options));
  return found.flatMap(({ severity, title, seen = [], commands = [] }) => [
    `${severity}: ${title}`,
    ...seen.map((line) => `  ${line}`),
    ...commands.map((command) => `  $ ${command}`),
  ]);
}
