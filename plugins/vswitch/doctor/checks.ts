/** All checks. A new one is a file in `checks/` and a line here. */
import type { Check } from "./check.ts";
import { bridgeFilter } from "./checks/bridge-filter.ts";
import { configurations } from "./checks/configurations.ts";
import { conntrack } from "./checks/conntrack.ts";
import { diskSpace } from "./checks/disk-space.ts";
import { drift } from "./checks/drift.ts";
import { ephemeralPorts } from "./checks/ephemeral-ports.ts";
import { externalUplink } from "./checks/external-uplink.ts";
import { foreignFirewall } from "./checks/foreign-firewall.ts";
import { forwarding } from "./checks/forwarding.ts";
import { kernelFeatures } from "./checks/kernel-features.ts";
import { layout } from "./checks/layout.ts";
import { legacyIptables } from "./checks/legacy-iptables.ts";
import { listeners } from "./checks/listeners.ts";
import { mtu } from "./checks/mtu.ts";
import { neighbours } from "./checks/neighbours.ts";
import { overlayFirewall } from "./checks/overlay-firewall.ts";
import { overlayRows } from "./checks/overlay-rows.ts";
import { overlayTunnel } from "./checks/overlay-tunnel.ts";
import { overlayUnderlay } from "./checks/overlay-underlay.ts";
import { pluginFolders } from "./checks/plugin-folders.ts";
import { reversePath } from "./checks/reverse-path.ts";
import { routerAdvertisements } from "./checks/router-advertisements.ts";
import { stale } from "./checks/stale.ts";
import { stateFile } from "./checks/state-file.ts";
import { subnets } from "./checks/subnets.ts";
import { uplink } from "./checks/uplink.ts";

/** In the order in which those of equal severity are told: what most often is the cause comes first. */
export const checks: readonly Check[] = [
  kernelFeatures,
  forwarding,
  foreignFirewall,
  legacyIptables,
  bridgeFilter,
  layout,
  drift,
  stale,
  uplink,
  externalUplink,
  overlayUnderlay,
  overlayFirewall,
  overlayTunnel,
  overlayRows,
  subnets,
  mtu,
  routerAdvertisements,
  reversePath,
  conntrack,
  neighbours,
  ephemeralPorts,
  listeners,
  configurations,
  pluginFolders,
  stateFile,
  diskSpace,
];
