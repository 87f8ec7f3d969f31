/** Gives the host back to its uplink, with all that it has on the bridge by now, and takes the bridge away. */
import type { HostConfiguration } from "../../model/host-configuration.ts";
import { isBridge } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import type { RemovedSwitch } from "../../seam/backend.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { markedUplink, takenAlias } from "../mark.ts";
import { isSwitchOf, removeSwitchElements } from "../remove.ts";
import { runSteps } from "../run.ts";
import type { Step } from "../step.ts";
import { openWorld } from "../world.ts";
import { readHostConfiguration } from "./host-configuration.ts";
import { both, lostOf } from "./lost.ts";
import { moveHost } from "./move-host.ts";
import { portsOf } from "./state.ts";

/** Whether the network's switch is such a bridge: by its definition, or by its mark when that is lost. */
export function isTakenBridge(host: Netlink, { name, definition }: RemovedSwitch): boolean {
  if (definition !== undefined) return isBridge(definition);
  return markedUplink(linkOf(host, name)?.alias) !== undefined;
}

/** @returns false when other ports are left, or it is not ours */
export function removeBridgeSwitch(
  machine: Machine,
  { network, name, definition }: RemovedSwitch,
  trace?: (line: string) => void,
): boolean {
  const { host, rules } = machine;
  const existing = definition !== undefined && isBridge(definition) && definition.existing === true;
  const bridge = existing ? undefined : linkOf(host, name);
  if (bridge !== undefined) {
    if (!isSwitchOf(bridge, network)) return false;
    const lower = lowerOf(host, bridge, definition);
    const others = portsOf(host, bridge).filter((port) => port.index !== lower?.index);
    if (others.length > 0) return false;
    const onBridge = withLost(machine, bridge, lower, definition);
    runSteps(giveBack({ network, bridge, lower, onBridge }), openWorld(machine), trace);
  }
  removeSwitchElements(rules, network);
  return true;
}

/** By the definition, by the mark, or, when it has another name by now, as the one port whose MAC the bridge took. */
function lowerOf(host: Netlink, bridge: Link, definition: RemovedSwitch["definition"]): Link | undefined {
  const name = definition && isBridge(definition) ? definition.lower : markedUplink(bridge.alias)?.lower;
  const named = name === undefined ? undefined : linkOf(host, name);
  if (named !== undefined) return named;
  const [port, ...more] = portsOf(host, bridge);
  return more.length === 0 && port?.mac === bridge.mac ? port : undefined;
}

/** What is on the bridge; and of a takeover that broke off what the journal alone has. */
function withLost(
  machine: Machine,
  bridge: Link,
  lower: Link | undefined,
  definition: RemovedSwitch["definition"],
): HostConfiguration {
  const onBridge = readHostConfiguration(machine, bridge);
  const brokeOff = markedUplink(bridge.alias)?.moving === "taking" && lower?.master === bridge.index;
  if (!brokeOff || definition === undefined || !isBridge(definition)) return onBridge;
  return both(onBridge, lostOf(definition.host, [onBridge, readHostConfiguration(machine, lower)]));
}

export interface Taken {
  readonly network: string;
  readonly bridge: Link;
  /** Absent when the uplink is gone: what the host had there goes with the bridge. */
  readonly lower: Link | undefined;
  readonly onBridge: HostConfiguration;
}

/** Pure. */
export function giveBack({ network, bridge, lower, onBridge }: Taken): readonly Step[] {
  const { name } = bridge;
  return [
    ...(lower === undefined ? [] : returnTo(network, bridge, lower, onBridge)),
    {
      ...shared(`link delete ${name}`),
      action: { kind: "host", requests: () => [deleteLink(bridge.index)] },
      accept: ["ENODEV"],
    },
  ];
}

const shared = (title: string) => ({ title, scope: "switch" }) as const;

function returnTo(network: string, bridge: Link, lower: Link, onBridge: HostConfiguration): readonly Step[] {
  const alias = takenAlias(network, lower.name, "returning");
  const isPort = lower.master === bridge.index;
  // An uplink that came back by itself, or that somebody has put elsewhere, stays where it is.
  const master = isPort ? 0 : (lower.master ?? 0);
  const { addrGenMode, ...rest } = onBridge;
  // Until it has the uplink a bridge knows nothing of how that makes its address.
  const configuration = isPort && addrGenMode !== undefined ? { ...rest, addrGenMode } : rest;
  const move = { configuration, from: bridge.index, to: lower.index };
  return [
    {
      ...shared(`link set ${bridge.name} alias "${alias}"`),
      action: { kind: "host", requests: () => [setLink(bridge.index, { alias })] },
    },
    {
      ...shared(`all that the host has on ${bridge.name} to ${lower.name}; link set ${lower.name} nomaster`),
      action: {
        kind: "together",
        deeds: () => moveHost({ ...move, port: { index: lower.index, master } }),
        back: () =>
          moveHost({
            configuration,
            from: lower.index,
            to: bridge.index,
            port: { index: lower.index, master: isPort ? bridge.index : master },
          }),
      },
    },
  ];
}
