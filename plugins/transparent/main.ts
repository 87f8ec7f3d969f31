/** The transparent plugin as a process. */
import { loadDhcp } from "../../lib/load-backend.ts";
import { networkMain } from "../../lib/verbs/main.ts";
import { transparent } from "./plugin.ts";

export async function main(): Promise<void> {
  await networkMain(transparent, await loadDhcp());
}
