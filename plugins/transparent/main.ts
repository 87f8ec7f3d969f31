/** The transparent plugin as a process. */
import { networkMain } from "../../lib/verbs/main.ts";
import { transparent } from "./plugin.ts";

export function main(): Promise<void> {
  return networkMain(transparent);
}
