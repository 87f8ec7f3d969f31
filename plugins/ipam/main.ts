/** The ipam plugin as a process. */

import { pluginMain } from "../../lib/cni/main.ts";
import { loadDhcp } from "../../lib/load-backend.ts";
import { ipamVerbs } from "./verbs.ts";

export async function main(): Promise<void> {
  pluginMain("ipam", ipamVerbs(process.env, await loadDhcp()));
}
