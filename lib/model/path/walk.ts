/** A walk: where a packet is on its path, and what is known of it by then. */
import type { Ip } from "../../addr/ip.ts";
import type { IpPacket, Packet } from "../../policy/packet.ts";
import type { Plan } from "../plan.ts";
import type { Scene, SceneNetwork } from "../scene.ts";
import { type Cell, type ConsultedFields, type FieldName, isOpen, narrow } from "./consulted.ts";
import type { ConnectionState, Encapsulation } from "./trace.ts";

export interface Walk {
  readonly scene: Scene;
  readonly state: ConnectionState;
  readonly packet: Packet;
  /** As it set out. */
  readonly origin: Packet;
  /** Whose compartment or port it is in, leaves or goes to. */
  readonly endpoint?: Plan;
  /** Whose switch it is on. */
  readonly network?: SceneNetwork;
  /** Port by which it entered the switch; absent for what comes from the host's side. */
  readonly entered?: string;
  /** Interface by which it came to the host; absent for what the host itself sends. */
  readonly in?: string;
  /** Interface by which it leaves the host. */
  readonly out?: string;
  /** The neighbour it is given to next. */
  readonly nextHop?: Ip;
  /** Longest packet in bytes that the route it takes carries, where it says so. */
  readonly routeMtu?: number | undefined;
  /** What it is in, on the underlay: to which VTEP it is sent, or from which it came. */
  readonly tunnel?: Encapsulation;
  /** Its connection goes to a published port. */
  readonly dnat: boolean;
  /** Rules that may drop it. */
  readonly doubts: readonly string[];
  readonly consulted: ConsultedFields;
  /** Fields that the path has filled in or changed: what they are says nothing of the packet that set out. */
  readonly rewritten: ReadonlySet<FieldName>;
}

export type IpWalk = Walk & { readonly packet: IpPacket };
export type SwitchWalk = Walk & { readonly network: SceneNetwork };
export type EndpointWalk = SwitchWalk & { readonly endpoint: Plan };

/** Notes how much of fields was looked at. */
export function consult<W extends Walk>(
  walk: W,
  cells: Readonly<Partial<Record<FieldName, Cell | undefined>>>,
): W {
  const consulted = new Map(walk.consulted);
  for (const [name, cell] of Object.entries(cells) as [FieldName, Cell | undefined][]) {
    if (cell === undefined || isOpen(cell) || walk.rewritten.has(name)) continue;
    consulted.set(name, narrow(consulted.get(name), cell));
  }
  return { ...walk, consulted };
}

/** Notes what another walk has looked at as well. */
export function merge<W extends Walk>(walk: W, other: Walk): W {
  return consult(walk, Object.fromEntries(other.consulted));
}

/** The packet with other fields, which from now on are the path's own. */
export function rewrite<W extends IpWalk>(walk: W, fields: Partial<IpPacket>): W {
  const rewritten = new Set([...walk.rewritten, ...(Object.keys(fields) as FieldName[])]);
  return { ...walk, packet: { ...walk.packet, ...fields }, rewritten };
}
