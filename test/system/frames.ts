/** Ethernet frames that no socket of a well-behaved program sends, for tests that somebody does send them. */
import { execIn } from "./command.ts";
import type { Namespace } from "./namespaces.ts";
import { routerAdvertisement as advertisement, udp } from "./packets.ts";
import { type Bytes, be32, ETH, ethernet, ip4, ip6, NEXT, textOf } from "./wire.ts";

const source = "02:00:00:00:00:01";

export interface UdpPacket {
  /** MAC of the next hop. */
  readonly to: string;
  readonly from: string;
  readonly address: string;
  readonly port: number;
  readonly text: string;
}

/** IPv4 with UDP; the text gets a newline. */
export function udpFrame({ to, from, address, port, text }: UdpPacket): Bytes {
  const ends = { from, to: address };
  const payload = udp(ends, { source: 40_000, destination: port }, textOf(`${text}\n`));
  return ethernet({ to, from: source, type: ETH.ip }, ip4({ ...ends, protocol: NEXT.udp }, payload));
}

/** To all nodes. */
export function routerAdvertisement(from: string, prefix: string): Bytes {
  const ends = { from, to: "ff02::1" };
  return ethernet(
    { to: "33:33:00:00:00:01", from: source, type: ETH.ip6 },
    ip6(ends, advertisement(ends, prefix)),
  );
}

/** Sends them as they are, one after the other. @throws with the words of socat */
export async function sendFrames(ns: Namespace, device: string, frames: readonly Bytes[]): Promise<void> {
  const send = (frame: Bytes) => `printf '${octalOf(frame)}' | socat -u STDIN INTERFACE:${device}`;
  await execIn(ns, ["sh", "-ec", frames.map(send).join("\n")]);
}

/** Sends it as it is. @throws with the words of socat */
export function sendFrame(ns: Namespace, device: string, frame: Bytes): Promise<void> {
  return sendFrames(ns, device, [frame]);
}

/** RFC 7348 5: the flag that a VNI is there, and the VNI. */
export const vxlan = (vni: number, frame: Bytes): Bytes => [8, 0, 0, 0, ...be32(vni << 8), ...frame];

/** Sends them in UDP packets, by the host's own address or `from`. @throws with the words of socat */
export async function sendDatagrams(
  ns: Namespace,
  to: { readonly address: string; readonly port: number; readonly from?: string },
  payloads: readonly Bytes[],
): Promise<void> {
  const { address, port, from } = to;
  const target = address.includes(":") ? `UDP6-DATAGRAM:[${address}]` : `UDP4-DATAGRAM:${address}`;
  const bind = from === undefined ? "" : `,bind=${from.includes(":") ? `[${from}]` : from}`;
  const send = (payload: Bytes) => `printf '${octalOf(payload)}' | socat -u STDIN ${target}:${port}${bind}`;
  await execIn(ns, ["sh", "-ec", payloads.map(send).join("\n")]);
}

const octalOf = (bytes: Bytes): string =>
  bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
