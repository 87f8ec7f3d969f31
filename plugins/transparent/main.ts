/** The transparent plugin as a process. */
import { loadDhcp } from "../../lib/load-backend.ts";
import { networkMain } from "../../lib/verbs/main.ts";
import { transparentTraits } from "./traits.ts";

const plugin = () => require("./plugin.ts") as typeof import("./plugin.ts");

export function main(): void | Promise<void> {
  return networkMain(transparentTraits, () => plugin().transparent, loadDhcp());
}
