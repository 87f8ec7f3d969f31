/** What an overlay network's tunnel lacks of what the plan says. Pure. */
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Request } from "../../netlink/message.ts";
import { type BridgePort, setBridgePort } from "../../netlink/route/bridge-port.ts";
import { type LinkChanges, setLink } from "../../netlink/route/set-link.ts";
import { setVxlanLocal } from "../../netlink/route/vxlan.ts";
import { tunnelAlias } from "../mark.ts";
import type { TunnelState } from "./observe.ts";

export interface TunnelLack {
  /** In the words of `ip`. */
  readonly title: string;
  readonly requests: (bridge: number) => readonly Request[];
}

/** Of a link that is new or ours: all that must be set of one that is new. */
export function tunnelLacks(
  wanted: OverlaySwitch,
  { link, vxlan, port, bridge }: TunnelState,
): readonly TunnelLack[] {
  const { tunnel, network, mtu, name, mode } = wanted;
  const lacks: TunnelLack[] = [];
  const add = (request: Request): void => {
    lacks.push({ title: request.title, requests: () => [request] });
  };
  const set = (changes: LinkChanges): void => add(setLink(tunnel.name, changes));
  if (link !== undefined && vxlan?.local !== tunnel.vtep) add(setVxlanLocal(tunnel.name, tunnel.vtep));
  if (link !== undefined && link.mtu !== mtu) set({ mtu });
  if (link !== undefined && link.mac !== tunnel.mac) set({ mac: tunnel.mac });
  const alias = tunnelAlias(network);
  if (link?.alias !== alias) set({ alias });
  if (mode === "stretched") {
    if (bridge !== name) {
      const title = `link set ${tunnel.name} master ${name}`;
      lacks.push({ title, requests: (index) => [setLink(tunnel.name, { master: index })] });
    }
    // A port that has another bridge, or none, loses what it was set to.
    const flags = lackingFlags(portFlags(wanted), bridge === name ? port : undefined);
    if (Object.keys(flags).length > 0) add(setBridgePort(tunnel.name, flags));
  }
  if (!link?.up) set({ up: true });
  return lacks;
}

/** Nothing is learned of what comes in, and the switch answers for whom it knows beyond: no question goes out. */
function portFlags({ tunnel, isolated }: OverlaySwitch): Partial<BridgePort> {
  const flood = tunnel.flood ?? false;
  return {
    learning: false,
    flood,
    mcast_flood: flood,
    bcast_flood: flood,
    neigh_suppress: true,
    isolated: isolated ?? false,
  };
}

function lackingFlags(wanted: Partial<BridgePort>, found: BridgePort | undefined): Partial<BridgePort> {
  const entries = Object.entries(wanted).filter(([name, on]) => found?.[name as keyof BridgePort] !== on);
  return Object.fromEntries(entries);
}

/** Not of netlink, so not among the others. */
export const lacksEarlyChecksums = ({ tunnel }: OverlaySwitch, { lateChecksums }: TunnelState): boolean =>
  tunnel.checksums === "early" && lateChecksums !== false;

/** For CHECK: the tunnel itself, or what it is not as planned. */
export function lackingOfTunnel(wanted: OverlaySwitch, found: TunnelState): readonly string[] {
  const { tunnel, vni } = wanted;
  const { link, vxlan } = found;
  const isThere = link !== undefined && vxlan?.vni === vni && vxlan.udpPort === tunnel.udpPort;
  if (!isThere) return [`tunnel ${tunnel.name} with VNI ${vni} at UDP port ${tunnel.udpPort}`];
  return [
    ...tunnelLacks(wanted, found).map(({ title }) => title.replace(/^link set (\S+) /, "tunnel $1, ")),
    ...(lacksEarlyChecksums(wanted, found) ? [`tunnel ${tunnel.name}, tx checksums off`] : []),
  ];
}
