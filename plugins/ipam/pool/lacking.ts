/** An ADD that cannot go on with what this host has of the network: the directory may help (supply.ts). */
import type { Family } from "../../../lib/addr/ip.ts";
import type { FixedRequest } from "../../../lib/cluster/fixed-address.ts";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { CniError, errorCode } from "../../../lib/cni/error.ts";

/** `reason` of its error: what is-lacking.ts knows it by. */
export const lackingReason = "directory-needed";

export interface Lack {
  readonly pool: Pool;
  readonly timeoutMs: number;
  /** Of which a container gets an address, and no block may have room. Empty: only whether the blocks are this host's is open. */
  readonly families: readonly Family[];
  readonly fixed?: FixedRequest;
}

export class LackingError extends CniError {
  readonly lack: Lack;

  constructor(lack: Lack) {
    super(errorCode.tryAgainLater, `network ${lack.pool.network} needs its directory for this`, {
      reason: lackingReason,
    });
    this.lack = lack;
  }
}
