/** The nat plugin as a process. */
import { networkMain } from "../../lib/verbs/main.ts";
import { nat } from "./plugin.ts";

export function main(): Promise<void> {
  return networkMain(nat);
}
