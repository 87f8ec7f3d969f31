/** Where the state of the host lives. */
import type { Environment } from "../../lib/cni/environment.ts";
import { folded } from "../../lib/cni/keys.ts";
import type { NetConf } from "../../lib/cni/netconf.ts";

export const defaultDataDir = "/var/lib/cni/vswitch";

/** `ipam.dataDir`, else `dataDir`, else VSWITCH_DATA_DIR, else the default. Never fails: DEL needs it too. */
export function ipamDataDir(config: Pick<NetConf, "ipam" | "raw">, env: Environment): string {
  const choices = [folded(config.ipam?.raw, "datadir"), folded(config.raw, "datadir"), env.VSWITCH_DATA_DIR];
  const chosen = choices.find((choice) => typeof choice === "string" && choice !== "");
  return typeof chosen === "string" ? chosen : defaultDataDir;
}
