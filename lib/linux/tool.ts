/** What the operator's tool asks of Linux beyond the back end of the plugins, which never load this. */
import { CniError, errorCode } from "../cni/error.ts";
import type { Beside, Counters } from "../model/counters.ts";
import { formatOwner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import type { Netlink } from "../netlink/connection.ts";
import type { Capture, CaptureDevice, Repair, RepairOptions, ToolBackend } from "../seam/tool-backend.ts";
import { linuxBackend } from "./backend.ts";
import { createCompartment, removeCompartment } from "./compartment.ts";
import { extraEntries } from "./extra-entries.ts";
import { formatTables } from "./format-tables.ts";
import { linkOf } from "./link-of.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { observeCounters } from "./observe-counters.ts";
import { observeSceneHost } from "./observe-scene.ts";
import type { Memory } from "./overlay/reached.ts";
import { openPacketSocket } from "./packet-socket.ts";
import { probeHost } from "./probe-host.ts";
import { asking } from "./refused.ts";
import { repairEndpoint } from "./repair.ts";
import { repairSwitch } from "./repair-switch.ts";
import { shrinkSwitch } from "./shrink-switch.ts";
import { observeStackedCounters, observeUplinks } from "./stacked/counters.ts";
import { tryOpen } from "./try-open.ts";
import { watchHost } from "./watch-host.ts";

/** As `asking`, of what takes its time. */
async function told<T>(doing: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    return asking(doing, () => {
      throw error;
    });
  }
}

/** How long a repair waits for an ADD or DEL at work in the compartment. */
const repairLockMs = 5000;

/**
 * @param trace receives steps and messages in the words of `ip` and `nft`
 * @param machine what it works on: this machine, or a fake
 */
export function linuxTool(
  trace?: (line: string) => void,
  machine: Machine = thisMachine(trace),
): ToolBackend {
  const reached: Memory = new Map();
  const backend = linuxBackend(trace, machine, reached);
  return {
    ...backend,
    observeSceneHost: () =>
      asking("read interfaces, routes and rules of the host", () => observeSceneHost(machine)),
    observeCounters: (beside) => asking("read the counters of ports", () => countersOf(machine, beside)),
    probeHost: () => asking("try what the kernel can do", () => probeHost(machine)),
    formatTables: () => asking("list our nftables tables", () => formatTables(machine.rules)),
    openCapture: (device, snapLength) =>
      asking(`capture at ${device.name}`, () => openCapture(machine, device, snapLength)),
    repair: (plan, options) => {
      const release = backend.lockCompartment(plan.compartment.path, repairLockMs);
      try {
        return asking(`repair ${formatOwner(plan.owner)}`, () => repair(machine, plan, options, trace));
      } finally {
        release();
      }
    },
    repairSwitch: (vswitch, options) =>
      asking(`repair switch ${vswitch.name} of network ${vswitch.network}`, () =>
        repairSwitch(machine, vswitch, options, trace),
      ),
    shrinkSwitch: (before, after) =>
      asking(`take addresses from switch ${before.name}`, () => shrinkSwitch(machine, before, after)),
    probeLive: async (request) => {
      const { probeLive } = await import("./live/probe.ts");
      return told("send a live probe", () => probeLive(machine, request));
    },
    awaitLive: async (request) => {
      const { awaitLive } = await import("./live/await.ts");
      return told("watch for a live probe", () => awaitLive(machine, request));
    },
    extraEntries: (plan) => asking("read our tables", () => extraEntries(machine.rules, plan)),
    watch: () => asking("watch the host", () => watchHost(machine.host, reached)),
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

function repair(
  machine: Machine,
  plan: Plan,
  options: RepairOptions,
  trace: ((line: string) => void) | undefined,
): Repair {
  const inside = tryOpen(plan.compartment.path, machine);
  try {
    return repairEndpoint(machine, plan, inside, options, trace);
  } finally {
    inside?.close();
  }
}

function countersOf(machine: Machine, { endpoints, switches }: Beside = nothing): Counters {
  const { ports, ...rest } = observeCounters(machine, Date.now());
  return {
    ...rest,
    ports: [...ports, ...observeStackedCounters(machine, endpoints)],
    uplinks: observeUplinks(machine, switches),
  };
}

const nothing: Beside = { endpoints: [], switches: [] };

function openCapture(machine: Machine, device: CaptureDevice, snapLength: number): Capture {
  const { compartment: path } = device;
  if (path === undefined) return captureAt(machine.host, device, snapLength);
  const compartment = machine.openCompartment(path);
  try {
    // A socket stays in the compartment in which it was opened.
    return machine.inCompartment(compartment, () => captureAt(compartment.netlink, device, snapLength));
  } finally {
    compartment.close();
  }
}

function captureAt(netlink: Netlink, { name, outward }: CaptureDevice, snapLength: number): Capture {
  const link = linkOf(netlink, name);
  if (link !== undefined) return openPacketSocket(link.index, snapLength, outward === true);
  throw new CniError(errorCode.dependencyMissing, `capture at ${name}: there is no such interface`, {
    reason: "device-missing",
    details:
      "vswitch check names what is missing; vswitch gc removes what is left of containers that are gone",
  });
}
