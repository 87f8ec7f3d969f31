/** What all verbs know of the nat network type. */
import type { NetworkTraits } from "../../lib/verbs/network-plugin.ts";
import { nativeIpam } from "./hcn.ts";

export const natTraits: NetworkTraits = {
  kind: "nat",
  withoutIpam: "ours",
  // A delegate that fails shall have cost the host nothing.
  vnicBeforeAddress: false,
  nativeIpam,
};
