/** What lets an ADD succeed that lacks something of its network's directory, as the process of a plugin has it. */
import type { AddRequest } from "../../../lib/cni/request.ts";
import type { Later, Log } from "../../../lib/cni/run.ts";
import type { Store } from "../../../lib/state/store.ts";
import { type OverlayAnswer, obtain } from "./ask.ts";
import type { LackingError } from "./lacking.ts";

export interface Remedying {
  readonly openStore: (request: AddRequest, log: Log) => Store;
  /** Where the network is an overlay. */
  readonly overlay?: (request: AddRequest, store: Store) => OverlayAnswer | undefined;
}

/** Of one process: all it takes counts towards one limit of time, which begins with the first. */
export function remedies({
  openStore,
  overlay,
}: Remedying): (error: LackingError, request: AddRequest) => Later {
  let begunMs: number | undefined;
  return ({ lack }, request) =>
    async (log) => {
      begunMs ??= performance.now();
      const leftMs = Math.max(lack.timeoutMs - (performance.now() - begunMs), 1);
      const store = openStore(request, log);
      try {
        await obtain(lack, { store, log, now: () => Date.now() }, leftMs, overlay?.(request, store));
      } finally {
        store.close();
      }
    };
}
