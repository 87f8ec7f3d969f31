/** What all verbs know of the nat network type. */

import { nativeIpam } from "../../lib/hosted/hcn.ts";
import type { NetworkTraits } from "../../lib/verbs/network-plugin.ts";

export const natTraits: NetworkTraits = {
  kind: "nat",
  withoutIpam: "ours",
  // A delegate that fails shall have cost the host nothing.
  vnicBeforeAddress: false,
  nativeIpam,
};
