/** A packet that leaves by a link of the host: it must be there, up, and wide enough. Has nothing to say when all is well. */
import { rangeCell } from "./consulted.ts";
import { findInterface } from "./find.ts";
import { drop, type Opening, type Passage, skip } from "./layer.ts";
import type { Fault } from "./link.ts";
import { consult, type Walk } from "./walk.ts";

/** What there is to say of a packet of so many bytes that the link does not take. */
export type TooLarge = (mtu: number, bytes: number) => Pick<Fault, "by" | "remedy">;

/** @param opening its key is the link's name. @param fault why the link passes nothing, if so */
export function throughLink(
  walk: Walk,
  opening: Opening,
  fault: Fault | undefined,
  tooLarge: TooLarge,
): Passage {
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  const link = findInterface(walk.scene, opening.key);
  const { packet } = walk;
  if (packet.kind !== "ip" || link === undefined) return skip(walk);
  const { mtu } = link;
  const { bytes = 0 } = packet;
  const asked = consult(walk, { bytes: rangeCell(bytes, [{ last: mtu }]) });
  if (bytes <= mtu) return skip(asked);
  return drop(asked, opening, `MTU ${mtu}`, { reason: "mtu", ...tooLarge(mtu, bytes) });
}
