/** What verbs find around them, as a process or a test has it. */
import type { Environment } from "../cni/environment.ts";
import type { Log } from "../cni/run.ts";
import type { Backend } from "../seam/backend.ts";
import type { DhcpBackend } from "../seam/dhcp-backend.ts";
import { readBootId, readBootMs } from "../state/boot-id.ts";
import { openStore } from "../state/store.ts";
import type { Context } from "./context.ts";

const seldom = () => require("./seldom.ts") as typeof import("./seldom.ts");

export interface Surroundings {
  readonly backend: Backend;
  readonly env: Environment;
  readonly execPath: string;
  /** Absent where containers are on no wire. */
  readonly dhcp?: DhcpBackend;
  /** When the process began, in milliseconds since 1970; absent: as the clock of this process says. */
  readonly startedMs?: number;
}

export function contextOf(surroundings: Surroundings, log: Log, whenMissing: "create" | "empty"): Context {
  const { backend } = surroundings;
  const bootId = readBootId();
  const now = () => Date.now();
  return {
    startedMs: Math.floor(performance.timeOrigin),
    ...surroundings,
    log,
    bootId,
    now,
    openStore: (dataDir) =>
      openStore({
        dataDir,
        bootId,
        now,
        whenMissing,
        warn: (text) => log.warn(text),
        recover: () => seldom().recover(backend),
        recoverLeases: () => seldom().cachedLeases(seldom().libcniCache, readBootMs(now())),
      }),
  };
}
