/**
 * GC: removes every attachment of the network that is not in the valid list, by the rows and by the marks on kernel
 * objects; then the switch, when nothing is left on it. Failures are collected, the rest goes on.
 */
import { CniError, errorCode } from "../cni/error.ts";
import type { GcRequest } from "../cni/request.ts";
import { ownerKey } from "../model/owner.ts";
import { removalOf } from "../state/removal.ts";
import type { EndpointRow } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import { addressSource } from "./address-source.ts";
import { dataDirOf } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { NetworkTraits } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";
import { releaseSwitch } from "./release-switch.ts";

/** @throws {CniError} 7 when no list is given although attachments are alive; else the failures, after all was tried */
export function gc(request: GcRequest, context: Context, traits: NetworkTraits): void {
  // The runtime made its list before this process began.
  const started = Math.min(context.now(), context.startedMs);
  const network = request.config.name;
  const store = context.openStore(dataDirOf(request.config, context.env));
  try {
    const rows = store.endpoints.list(network);
    const valid = validKeys(request, rows, context);
    const failures: unknown[] = [];
    const attempt = (fn: () => void): void => {
      try {
        fn();
      } catch (error) {
        failures.push(error);
      }
    };
    // Rows younger than this GC belong to an ADD that the runtime's list does not know yet.
    const stale = rows.filter((row) => !valid.has(row.key) && row.createdMs < started);
    for (const row of stale) attempt(() => removeUnlessAtWork(row, store, context));
    // Marks first: an ADD writes its row before it makes anything that bears its mark.
    const marks = context.backend.marks(network).endpoints;
    const known = new Set(store.endpoints.list(network).map((row) => row.key));
    for (const mark of marks) {
      if (!known.has(mark.key) && !valid.has(mark.key))
        attempt(() => context.backend.remove({ key: mark.key }));
    }
    const spec = store.networks.get(network)?.spec as NetworkSpec | undefined;
    attempt(() => addressSource(request, store, context, traits).gc(request, spec?.automatic));
    if (valid.size === 0) attempt(() => void releaseSwitch(network, { store, context }, { forget: false }));
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw several(network, failures);
  } finally {
    store.close();
  }
}

/** An ADD holds its compartment until it is done; a row that is not finished and not held is left of a crash. */
function removeUnlessAtWork(row: EndpointRow, store: Store, context: Context): void {
  if (row.phase === "ready") {
    removeRow(row, store, context);
    return;
  }
  let release: () => void;
  try {
    release = context.backend.lockCompartment(row.netns, 0);
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.tryAgainLater) return;
    throw error;
  }
  try {
    removeRow(row, store, context);
  } finally {
    release();
  }
}

function removeRow(row: EndpointRow, store: Store, { backend }: Context): void {
  backend.remove(removalOf(row));
  store.endpoints.remove(row.key);
}

/**
 * Without the list (the specification leaves open what that means) only what is verifiably dead is taken away.
 */
function validKeys(request: GcRequest, rows: readonly EndpointRow[], context: Context): ReadonlySet<string> {
  const network = request.config.name;
  const { validAttachments } = request.config;
  if (validAttachments !== undefined) {
    return new Set(
      validAttachments.map(({ containerID, ifname }) =>
        ownerKey({ network, containerId: containerID, ifname }),
      ),
    );
  }
  const alive = rows.filter(
    // Nobody knows the compartment of an attachment that was rebuilt from its marks.
    (row) =>
      row.bootId === context.bootId && (row.netns === "" || context.backend.compartmentExists(row.netns)),
  );
  if (alive.length === 0) return new Set();
  throw new CniError(
    errorCode.invalidConfig,
    `GC of network ${network}: cni.dev/valid-attachments is missing`,
    {
      reason: "valid-attachments-missing",
      details: `${alive.length} attachments are alive; an empty list removes them all`,
    },
  );
}

function several(network: string, failures: readonly unknown[]): CniError {
  const [first] = failures;
  const text = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  return new CniError(
    first instanceof CniError ? first.code : errorCode.kernelRefused,
    `GC of network ${network}: ${text.join("; ")}`,
    {
      reason: "gc-incomplete",
      details: "everything else was removed; GC may be called again",
      cause: new AggregateError(failures),
    },
  );
}
