/** The ipam as an executable: each verb opens the state of the host and calls the function of its name. */
import type { Environment } from "../../lib/cni/environment.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { NetConf } from "../../lib/cni/netconf.ts";
import type { Log, Verbs } from "../../lib/cni/run.ts";
import type { DhcpBackend } from "../../lib/seam/dhcp-backend.ts";
import { readBootId, readBootMs } from "../../lib/state/boot-id.ts";
import { openStore, type Store, type StoreOptions } from "../../lib/state/store.ts";
import { ipamDataDir } from "./data-dir.ts";
import { ipamAdd, ipamCheck, ipamDel, ipamGc, ipamStatus } from "./ipam.ts";
import { leaseOwner } from "./lease-owner.ts";
import { isLacking } from "./pool/is-lacking.ts";

const asking = () => require("./pool/ask.ts") as typeof import("./pool/ask.ts");
const remedying = () => require("./pool/remedy.ts") as typeof import("./pool/remedy.ts");
const seldom = () => require("./seldom.ts") as typeof import("./seldom.ts");

export function ipamVerbs(env: Environment, dhcp?: DhcpBackend): Verbs {
  const now = () => Date.now();
  let remedies: ReturnType<typeof import("./pool/remedy.ts")["remedies"]> | undefined;
  const wire = dhcp === undefined ? {} : { dhcp };
  const withStore = <T>(
    config: NetConf,
    log: Log,
    whenMissing: StoreOptions["whenMissing"],
    fn: (store: Store) => T,
  ) => {
    const store = open(ipamDataDir(config, env), log, whenMissing);
    try {
      return fn(store);
    } finally {
      store.close();
    }
  };
  return {
    add: (request, log) =>
      withStore(request.config, log, "create", (store) => ipamAdd(request, store, { log, now, ...wire })),
    del: (request, log) => {
      const context = { log, now, ...wire };
      const waits = withStore(request.config, log, "empty", (store) => ipamDel(request, store, context));
      if (!waits) return undefined;
      const { name } = request.config;
      const { key } = leaseOwner(request, "");
      return async (later) => {
        const store = open(ipamDataDir(request.config, env), later, "empty");
        try {
          await asking().giveBack(name, key, { store, now, log: later });
        } finally {
          store.close();
        }
      };
    },
    check: (request, log) =>
      withStore(request.config, log, "empty", (store) => ipamCheck(request, store, { log, now, ...wire })),
    gc: (request, log) =>
      withStore(request.config, log, "empty", (store) => ipamGc(request, store, { log, now, ...wire })),
    status: (request, log) => {
      seldom().requireUsableFolder(ipamDataDir(request.config, env));
      withStore(request.config, log, "empty", (store) =>
        asStatus(() => ipamStatus(request, store, { log, now, ...wire })),
      );
    },
    remedy(error, request) {
      if (!isLacking(error)) return undefined;
      remedies ??= remedying().remedies({
        openStore: ({ config }, log) => open(ipamDataDir(config, env), log, "create"),
      });
      return remedies(error, request);
    },
  };
}

function open(dataDir: string, log: Log, whenMissing: StoreOptions["whenMissing"]): Store {
  return openStore({
    dataDir,
    bootId: readBootId(),
    now: () => Date.now(),
    warn: (text) => log.warn(text),
    whenMissing: whenMissing ?? "create",
    recoverLeases: () => seldom().cachedLeases(seldom().libcniCache, readBootMs(Date.now())),
  });
}

/** What would fail an ADD is "not available" here, under the reason it has there. */
function asStatus(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    if (!(error instanceof CniError) || error.code < 5 || error.code === errorCode.invalidConfig) throw error;
    if (error.code === errorCode.notAvailable) throw error;
    const { message, reason, details } = error;
    throw new CniError(errorCode.notAvailable, message, {
      reason,
      cause: error,
      ...(details && { details }),
    });
  }
}
