/** The nat plugin as a process. */
import { networkMain } from "../../lib/verbs/main.ts";
import { natTraits } from "./traits.ts";

const plugin = () => require("./plugin.ts") as typeof import("./plugin.ts");

export function main(): void | Promise<void> {
  return networkMain(natTraits, () => plugin().nat);
}
