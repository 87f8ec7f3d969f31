/** What the operator's tool asks of Linux beyond the back end of the plugins, which never load this. */
import type { Capture, ToolBackend } from "../backend.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { asking, linuxBackend } from "./backend.ts";
import { createCompartment, removeCompartment } from "./compartment.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { linkOf } from "./observe.ts";
import { observeCounters } from "./observe-counters.ts";
import { observeSceneHost } from "./observe-scene.ts";
import { openPacketSocket } from "./packet-socket.ts";
import { probeHost } from "./probe-host.ts";

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
    probeHost: () => asking("try what the kernel can do", () => probeHost(machine)),
    openCapture: (device, snapLength) =>
      asking(`capture at ${device}`, () => openCapture(machine, device, snapLength)),
    createCompartment,
    removeCompartment: (path) => asking(`remove the compartment ${path}`, () => removeCompartment(path)),
    inCompartment: (path, fn) => {
      const compartment = machine.openCompartment(path);
      try {
        return machine.inCompartment(compartment, fn);
      } finally {
        compartment.close();
      }
    },
  };
}

function openCapture({ host }: Machine, device: string, snapLength: number): Capture {
  const link = linkOf(host, device);
  if (link !== undefined) return openPacketSocket(link.index, snapLength);
  throw new CniError(errorCode.dependencyMissing, `capture at ${device}: there is no such interface`, {
    reason: "device-missing",
    details:
      "vswitch check names what is missing; vswitch gc removes what is left of containers that are gone",
  });
}
