/** The ipam plugin as a process. */
import { loadDhcp } from "../../lib/backend.ts";
import { pluginMain } from "../../lib/cni/main.ts";
import { ipamVerbs } from "./verbs.ts";

export async function main(): Promise<void> {
  pluginMain("ipam", ipamVerbs(process.env, await loadDhcp()));
}
