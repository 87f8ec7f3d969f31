/** GC. */
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { GcRequest } from "../../lib/cni/request.ts";
import { ownerKey } from "../../lib/model/owner.ts";
import type { DhcpRow } from "../../lib/state/rows.ts";
import type { Store } from "../../lib/state/store.ts";
import { reclaim } from "./allocate.ts";
import { type IpamContext, isGone } from "./context.ts";
import { giveBackLent } from "./lent.ts";

/**
 * Frees what is not in the valid list. Leases younger than this call stay: their ADD may have begun after the runtime
 * made its list. So do those of an endpoint that GC has left: its ADD is at work, or it could not be removed.
 *
 * @throws {CniError} 7 without a list, when compartments of the network are still alive
 */
export function ipamGc(request: GcRequest, store: Store, context: IpamContext): void {
  // The runtime made its list before this process began.
  const startedMs = Math.min(context.now(), context.startedMs ?? Math.floor(performance.timeOrigin));
  const { name: network, validAttachments } = request.config;
  if (validAttachments === undefined) {
    collectGone(network, store, context);
    return;
  }
  const valid = new Set(
    validAttachments.map(({ containerID, ifname }) =>
      ownerKey({ network, containerId: containerID, ifname }),
    ),
  );
  const isStale = (key: string, takenMs: number): boolean =>
    !valid.has(key) && takenMs < startedMs && store.endpoints.get(key) === undefined;
  giveBackWhere(network, store, context, ({ key, lease }) => isStale(key, lease.obtainedMs));
  store.transaction(() => {
    for (const { key, takenMs } of store.leases.list(network))
      if (isStale(key, takenMs)) store.leases.release(key);
  });
}

/** To the servers that lent them. */
function giveBackWhere(
  network: string,
  store: Store,
  context: IpamContext,
  isOver: (row: DhcpRow) => boolean,
): void {
  if (context.dhcp === undefined) return;
  for (const row of lentOn(network, store)) if (isOver(row)) giveBackLent(row.key, store, context);
}

const lentOn = (network: string, store: Store): readonly DhcpRow[] =>
  store.dhcp.list().filter((row) => row.network === network);

function collectGone(network: string, store: Store, context: IpamContext): void {
  giveBackWhere(network, store, context, ({ netns }) => isGone(netns, context));
  const own = store.transaction(() => {
    reclaim(store.leases.list(network), store, context);
    return store.leases.list(network);
  });
  const left = [...own, ...lentOn(network, store)];
  if (left.length === 0) return;
  throw new CniError(
    errorCode.invalidConfig,
    `GC of network ${network}: cni.dev/valid-attachments is missing`,
    {
      reason: "valid-attachments-missing",
      details: `only what is verifiably gone was freed; ${left.length} leases stay. An empty list frees them all`,
    },
  );
}
