/** Plugins whose name is taken but which this build does not hold yet. */
import { pluginMain } from "../lib/cni/main.ts";

export function main(): void {
  pluginMain({ absent: true });
}
