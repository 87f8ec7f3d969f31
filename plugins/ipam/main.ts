/** The ipam plugin as a process. */

import { pluginMain } from "../../lib/cni/main.ts";
import { loadDhcp } from "../../lib/load-backend.ts";
import { ipamVerbs } from "./verbs.ts";

export function main(): void | Promise<void> {
  return pluginMain("ipam", ipamVerbs(process.env, loadDhcp()));
}
