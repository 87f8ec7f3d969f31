/** OutBoundNAT: what leaves the network bears the host's address, except towards the exceptions. */
import type { Prefix } from "../addr/prefix.ts";

export interface OutboundNat {
  readonly kind: "OutBoundNAT";
  readonly exceptions: readonly Prefix[];
}
