/** What the operator's tool asks of Linux beyond the back end of the plugins, which never load this. */
import type { ToolBackend } from "../backend.ts";
import { asking, linuxBackend } from "./backend.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { observeCounters } from "./observe-counters.ts";
import { observeSceneHost } from "./observe-scene.ts";

/**
 * @param trace receives steps and messages in the words of `ip` and `nft`
 * @param machine what it works on: this machine, or a fake
 */
export function linuxTool(
  trace?: (line: string) => void,
  machine: Machine = thisMachine(trace),
): ToolBackend {
  return {
    ...linuxBackend(trace, machine),
    observeSceneHost: () =>
      asking("read interfaces, routes and rules of the host", () => observeSceneHost(machine)),
    observeCounters: () => asking("read the counters of ports", () => observeCounters(machine, Date.now())),
  };
}
