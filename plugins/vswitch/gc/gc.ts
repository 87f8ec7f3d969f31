/** `vswitch gc`: takes away what containers left behind that are gone, and tells of what it leaves. */
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import type { Mark, SwitchMark } from "../../../lib/model/facts.ts";
import { readBootMs } from "../../../lib/state/boot-id.ts";
import { removalOf } from "../../../lib/state/removal.ts";
import type { EndpointRow, Lease } from "../../../lib/state/rows.ts";
import { releaseSwitch } from "../../../lib/verbs/release-switch.ts";
import { cachedResult } from "../cached-result.ts";
import { type Host, withHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";
import { formatCollected } from "./format-gc.ts";
import {
  type Finding,
  type Judgement,
  judgeEndpoints,
  judgeLeases,
  judgeMarks,
  judgeSwitches,
  type Remains,
} from "./judge.ts";
import { deadRuns } from "./runs.ts";

export interface GcOptions extends CommonOptions {
  readonly network?: string;
  readonly "dry-run": boolean;
  /** Also switches that no endpoint is on. */
  readonly switches: boolean;
  /** Folder of libcni's results. */
  readonly "results-dir": string;
}

export interface Collected {
  readonly removed: readonly Finding[];
  readonly left: readonly Finding[];
  readonly failed: readonly (Finding & { readonly error: string })[];
}

/** Exit code 1 when something that may go could not be removed. */
export async function gc(options: GcOptions, session: Session): Promise<void> {
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const collected = await withHost({ dataDir: options["data-dir"], warn }, (host) => collect(host, options));
  session.print(
    options.json ? JSON.stringify(collected, null, 2) : formatCollected(collected, options["dry-run"]),
  );
  if (collected.failed.length > 0) session.exitWith(1);
}

async function collect(host: Host, options: GcOptions): Promise<Collected> {
  const log = ledger(options["dry-run"]);
  for (const { remove, ...finding } of deadRuns(host.backend, options.network))
    await log.take(finding, remove);
  const endpoints = judgeEndpoints(remainsOf(host, options));
  await log.judge(endpoints, (row) => removeEndpoint(row, host));
  // What was removed by its row bears no mark any more.
  await log.judge(judgeMarks(remainsOf(host, options)), ({ key }) => host.backend.remove({ key }));
  await log.judge(judgeLeases(remainsOf(host, options)), ({ key }) => void host.store.leases.release(key));
  // In a dry run they are there still.
  const gone = new Set(options["dry-run"] ? endpoints.dead.map(({ subject }) => subject.key) : []);
  const remains = remainsOf(host, options);
  const alive = remains.endpoints.filter(({ key }) => !gone.has(key));
  const switches = judgeSwitches({ ...remains, endpoints: alive }, options.switches);
  await log.judge(switches, (mark) => removeSwitch(mark, host));
  return log.collected();
}

/** Marks first: an ADD writes its row before it makes anything that bears its mark. */
export function remainsOf(
  { store, backend, bootId }: Host,
  options: Pick<GcOptions, "network" | "results-dir">,
): Remains {
  const { network } = options;
  const { endpoints: marks, switches } = backend.marks(network);
  const since = readBootMs(Date.now());
  return {
    marks,
    switches,
    endpoints: store.endpoints.list(network),
    networks: store.networks.list().map(({ name }) => name),
    leases: store.leases.list(network),
    bootId,
    exists: (path) => backend.compartmentExists(path),
    hasPort: (key) => backend.isAttached({ key }),
    isRemembered: ({ owner }: Mark) =>
      owner !== undefined && cachedResult(options["results-dir"], owner, since) !== undefined,
  };
}

/** What is at work, or was made anew meanwhile. */
class StillAlive extends Error {}

/** An ADD holds its compartment until it is done. */
function removeEndpoint(row: EndpointRow, { store, backend }: Host): void {
  const release = row.netns === "" ? () => {} : hold(row.netns, { backend });
  try {
    const now = store.endpoints.get(row.key);
    if (now === undefined) return;
    if (now.createdMs !== row.createdMs || (row.phase === "adding" && now.phase === "ready"))
      throw new StillAlive("it was attached meanwhile");
    backend.remove(removalOf(row));
    store.transaction(() => {
      store.leases.release(row.key);
      store.endpoints.remove(row.key);
    });
  } finally {
    release();
  }
}

function hold(path: string, { backend }: Pick<Host, "backend">): () => void {
  try {
    return backend.lockCompartment(path, 0);
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.tryAgainLater)
      throw new StillAlive("its ADD or DEL is at work");
    throw error;
  }
}

function removeSwitch({ network, name }: SwitchMark, { store, backend }: Host): void {
  const known = store.networks.get(network) !== undefined;
  const gone = known
    ? releaseSwitch(network, { store, context: { backend } }, { forget: false })
    : backend.removeSwitch({ network, name });
  if (!gone) throw new StillAlive("a port is on it");
}

/** Keeps account of what became of each finding. */
function ledger(dryRun: boolean) {
  const removed: Finding[] = [];
  const left: Finding[] = [];
  const failed: Collected["failed"][number][] = [];
  const take = async (finding: Finding, remove: () => void | Promise<void>): Promise<void> => {
    try {
      if (!dryRun) await remove();
      removed.push(finding);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof StillAlive) left.push({ ...finding, why });
      else failed.push({ ...finding, error: why });
    }
  };
  return {
    take,
    judge: async <T extends EndpointRow | Mark | Lease | SwitchMark>(
      judgement: Judgement<T>,
      remove: (subject: T) => void,
    ): Promise<void> => {
      left.push(...judgement.left);
      for (const { subject, ...finding } of judgement.dead) await take(finding, () => remove(subject));
    },
    collected: (): Collected => ({ removed, left, failed }),
  };
}
