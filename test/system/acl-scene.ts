/** A container with ACLs and an open one beside it, and packets by hand both ways. */
import { type Lane, openLane } from "./lane.ts";
import { dual, type NatLab } from "./nat-lab.ts";
import { icmp, icmp6, tcp, udp } from "./packets.ts";
import { packetsIn, seeBridged } from "./siege.ts";
import { type Bytes, ETH, ethernet, ip4, ip6, NEXT } from "./wire.ts";

/** An ACL as HCN writes it. */
export const acl = (
  Action: "Allow" | "Block",
  Direction: "In" | "Out",
  rest: Readonly<Record<string, unknown>> = {},
) => ({ Type: "ACL", Settings: { Action, Direction, ...rest } });

export interface Scene {
  readonly out: Lane;
  readonly back: Lane;
  /** What the box's ACLs have dropped since the last question. */
  readonly dropped: (way: "out" | "in") => Promise<number>;
}

/** A box with these ACLs and an open peer, and both ways between them. */
export async function between(
  lab: NatLab,
  config: Readonly<Record<string, unknown>>,
  ofPeer: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  await seeBridged(lab.host, false);
  const peer = await lab.add({ id: "peer", config: { ...dual, ...ofPeer } });
  const box = await lab.add({ id: "box", config: { ...dual, ...config } });
  const [out, back] = [await openLane(lab, box, peer), await openLane(lab, peer, box)];
  const total = (way: "out" | "in") => packetsIn(lab, `dropped_acl_${way}`, box);
  // From now on the kernels are silent.
  const known = { out: await total("out"), in: await total("in") };
  return {
    out,
    back,
    dropped: async (way) => {
      const before = known[way];
      known[way] = await total(way);
      return known[way] - before;
    },
  };
}

/** A packet from one end of a lane to the other. @param payload gets its ends, which checksums cover */
export function packet(
  { from, to }: Pick<Lane, "from" | "to">,
  family: 4 | 6,
  protocol: number,
  payload: (ends: { from: string; to: string }) => Bytes,
): Bytes {
  const ends = { from: from[`ip${family}`], to: to[`ip${family}`] };
  const bytes = payload(ends);
  return family === 4
    ? ethernet({ to: to.mac, from: from.mac, type: ETH.ip }, ip4({ ...ends, protocol }, bytes))
    : ethernet(
        { to: to.mac, from: from.mac, type: ETH.ip6 },
        ip6({ ...ends, hops: 64 }, { next: protocol, bytes }),
      );
}

export const datagram = (lane: Lane, family: 4 | 6, source: number, destination: number): Bytes =>
  packet(lane, family, NEXT.udp, (ends) => udp(ends, { source, destination }, [1, 2, 3, 4]));

export const segment = (
  lane: Lane,
  family: 4 | 6,
  source: number,
  destination: number,
  flags: number,
): Bytes => packet(lane, family, NEXT.tcp, (ends) => tcp(ends, { source, destination }, flags));

export interface About {
  /** Of the packet that the error is about, as its sender sent it. */
  readonly from: string;
  readonly to: string;
  readonly source: number;
  readonly destination: number;
}

/** Type and code (RFC 792, RFC 4443). */
const complaints4 = { unreachable: [3, 3], "too big": [3, 4], exceeded: [11, 0] } as const;
const complaints6 = { unreachable: [1, 4], "too big": [2, 0], exceeded: [3, 0] } as const;
export type Complaint = keyof typeof complaints4;
export const complaints = Object.keys(complaints4) as readonly Complaint[];

/** "Port unreachable", "too big" or "time exceeded" about a UDP packet. */
export function complaint(lane: Lane, family: 4 | 6, what: Complaint, about: About): Bytes {
  const header = udp(about, about, []);
  if (family === 4) {
    const [type, code] = complaints4[what];
    const body = ip4({ ...about, protocol: NEXT.udp }, header);
    return packet(lane, family, NEXT.icmp, () => icmp(type, code, [0, 0, 5, 0, ...body]));
  }
  const [type, code] = complaints6[what];
  const body = ip6({ ...about, hops: 64 }, { next: NEXT.udp, bytes: header });
  return packet(lane, family, NEXT.icmp6, (ends) => icmp6(ends, type, code, [0, 0, 5, 0, ...body]).bytes);
}
