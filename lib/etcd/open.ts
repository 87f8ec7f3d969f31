/** Opens a client of an etcd cluster. */
import type { EtcdAccess } from "../directory/config.ts";
import { createCluster } from "./cluster.ts";
import { EtcdError } from "./error.ts";
import type { Etcd } from "./etcd.ts";
import { HttpFailure } from "./http/failure.ts";
import { parseOrigin } from "./http/origin.ts";
import { listPrefix, readRange, runTxn } from "./keys.ts";
import { grantLease, keepAlive, revokeLease } from "./leases.ts";
import { createMember, type Member, type MemberOptions } from "./member.ts";
import { startWatch } from "./watch/watch.ts";

export interface EtcdOptions {
  /** How long a call waits for one endpoint; 5000 when absent. */
  readonly timeoutMs?: number;
  /** Gets a line for each change of endpoint. */
  readonly log?: (line: string) => void;
  /** From 0 up to 1, for jitter. */
  readonly random?: () => number;
  /**
   * How soon it is noticed that the member of a watch no longer lives, or the way to it, ms; 12 000 when absent. Each time a
   * key is read from it.
   */
  readonly livenessMs?: number;
  /** Opens sockets, synchronously: for a client in a compartment other than this process's. */
  readonly within?: <T>(open: () => T) => T;
}

/** Notes of progress come every 10 minutes by default; a watch that has none for longer than this is begun again. */
const silenceMs = 11 * 60_000;

/**
 * Nothing is sent before the first call, and no file read. Keys are whole: the `prefix` of the access is for those who make
 * them.
 *
 * @throws {EtcdError} `other` when an endpoint is none
 */
export function openEtcd(access: Omit<EtcdAccess, "prefix">, options: EtcdOptions = {}): Etcd {
  const { timeoutMs = 5000, livenessMs = 12_000, random = Math.random } = options;
  const { log = () => {}, within = (open) => open() } = options;
  const closing = new AbortController();
  const members = access.endpoints.map((endpoint) =>
    memberOf(endpoint, {
      access,
      timeoutMs,
      within,
      keepAliveS: livenessMs / 1000,
      closing: closing.signal,
    }),
  );
  if (members.length === 0) throw invalid("", "no endpoint is given");
  const cluster = createCluster(members, { random, log });
  return {
    range: (what, rangeOptions) => readRange(cluster, what, rangeOptions),
    list: (prefix, revision) => listPrefix(cluster, prefix, revision),
    txn: (compares, success, failure = []) => runTxn(cluster, compares, success, failure),
    async put(key, value, lease) {
      const { revision } = await runTxn(cluster, [], [{ kind: "put", key, value, lease }], []);
      return { revision };
    },
    async deleteKey(key, modRevision) {
      const then = modRevision === undefined ? [] : [{ key, target: "mod", number: modRevision } as const];
      const { responses, revision } = await runTxn(cluster, then, [{ kind: "delete", key }], []);
      const [response] = responses;
      return { deleted: response?.kind === "delete" && response.deleted > 0, revision };
    },
    grantLease: (ttlS) => grantLease(cluster, ttlS),
    keepAlive: (id) => keepAlive(cluster, id),
    revokeLease: (id) => revokeLease(cluster, id),
    watch: (prefix, fromRevision, handlers) =>
      startWatch(cluster, prefix, fromRevision, handlers, {
        ...{ random, livenessMs, timeoutMs, silenceMs },
        closing: closing.signal,
      }),
    get endpoint() {
      return cluster.current.endpoint;
    },
    close() {
      closing.abort(new HttpFailure("closed", "the client is closed"));
      for (const member of members) member.forget();
    },
  };
}

function memberOf(endpoint: string, options: Omit<MemberOptions, "endpoint" | "origin">): Member {
  const origin = parseOrigin(endpoint);
  // It may hold a password, so it is not shown then.
  if (origin === undefined)
    throw invalid(
      endpoint.includes("@") ? "" : ` ${endpoint}`,
      "an endpoint is http://HOST:PORT or https://HOST:PORT",
    );
  return createMember({ ...options, endpoint, origin });
}

function invalid(what: string, why: string): EtcdError {
  return new EtcdError({ kind: "other", endpoint: `the endpoint${what}`, doing: "open etcd", why });
}
