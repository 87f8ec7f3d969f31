/** Whether the links of a port and its switch are there and up, as they were planned. */
import type { Plan } from "../plan.ts";
import type { Scene, SceneNetwork } from "../scene.ts";
import { portTap } from "../vm-nic.ts";
import { findInterface } from "./find.ts";
import type { OverlayNetwork } from "./remote.ts";
import type { Dropped } from "./trace.ts";

export type Fault = Pick<Dropped, "reason" | "by" | "remedy">;

/** @returns undefined when packets pass */
export function switchFault(scene: Scene, { name, switch: vswitch }: SceneNetwork): Fault | undefined {
  const bridge = findInterface(scene, vswitch.name);
  if (bridge?.up === true) return undefined;
  return bridge === undefined
    ? {
        reason: "no-switch",
        by: `there is no interface ${vswitch.name}`,
        remedy: `\`vswitch repair\` makes the switch of network ${name} anew.`,
      }
    : { reason: "link-down", by: `${vswitch.name} is down`, remedy: up(vswitch.name) };
}

/** Of the tunnel to the other hosts. @returns undefined when packets pass */
export function tunnelFault(scene: Scene, network: OverlayNetwork): Fault | undefined {
  const { name } = network.switch.tunnel;
  const link = findInterface(scene, name);
  if (link === undefined)
    return {
      reason: "no-tunnel",
      by: `there is no interface ${name}`,
      remedy: `\`vswitch repair\` makes the tunnel of network ${network.name} anew.`,
    };
  if (!link.up) return { reason: "link-down", by: `${name} is down`, remedy: up(name) };
  const bridge = network.switch.mode === "stretched" ? network.switch.name : undefined;
  if (link.master === bridge) return undefined;
  return {
    reason: "port-detached",
    by: `${name} is ${link.master === undefined ? "on no switch" : `on ${link.master}`}${bridge === undefined ? "" : `, not on ${bridge}`}`,
    remedy:
      bridge === undefined
        ? `\`ip link set ${name} nomaster\`: the host itself routes there.`
        : `\`ip link set ${name} master ${bridge}\`, or \`vswitch repair\`.`,
  };
}

/** @returns undefined when packets pass */
export function portFault(scene: Scene, plan: Plan, { switch: vswitch }: SceneNetwork): Fault | undefined {
  const { port } = plan;
  const link = findInterface(scene, port.name);
  if (link === undefined)
    return {
      reason: "no-port",
      by: `there is no interface ${port.name}`,
      remedy:
        "Restart the container: only the runtime can attach it again; `vswitch gc` forgets one that has ended.",
    };
  if (link.master !== vswitch.name)
    return {
      reason: "port-detached",
      by: `${port.name} is ${link.master === undefined ? "on no switch" : `on ${link.master}`}, not on ${vswitch.name}`,
      remedy: `\`ip link set ${port.name} master ${vswitch.name}\`, or \`vswitch repair\`.`,
    };
  if (!link.up) return { reason: "link-down", by: `${port.name} is down`, remedy: up(port.name) };
  // What is redirected to a tap in a compartment nobody on the host sees.
  if (portTap(plan) !== undefined && link.carrier === false)
    return {
      reason: "no-guest",
      by: `nobody has tap ${port.name} open`,
      remedy: "Start the virtual machine: its monitor opens the tap by this name.",
    };
  return undefined;
}

/** Of what goes from one container of an isolated network to another. */
export const isolatedFault = ({ name }: SceneNetwork): Fault => ({
  reason: "isolated",
  by: `network ${name} is isolated: its containers do not reach each other`,
  remedy: `Publish the port that is wanted and call it on an address of the host, or set "DisableInterComputeCommunication": false on network ${name}.`,
});

const up = (name: string): string => `\`ip link set ${name} up\`, or \`vswitch repair\`.`;
