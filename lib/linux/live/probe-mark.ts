/** What a probe has of its own beside its identification: by it one is told from a packet that has the same by chance. */
import { encodeText, readBe16, readBe32 } from "../../netlink/bytes.ts";
import { IPPROTO } from "../../policy/packet.ts";

/** In UDP and in an echo request. */
export const probeText = "vswitch trace --live";

/** The first of a connection: of TCP there is no text, which firewalls may think hostile. */
export const probeSequence = (identification: number): number => identification * 0x1_0001;

/** @param bytes from the transport header on. @throws {RangeError} for what is cut off */
export function isProbe(protocol: number, bytes: Uint8Array, identification: number): boolean {
  switch (protocol) {
    case IPPROTO.tcp:
      return readBe32(bytes, 4) === probeSequence(identification);
    case IPPROTO.udp:
      return beginsWith(bytes.subarray(8));
    case IPPROTO.icmp:
    case IPPROTO.icmp6:
      return readBe16(bytes, 4) === identification && beginsWith(bytes.subarray(8));
    default:
      return false;
  }
}

function beginsWith(payload: Uint8Array): boolean {
  const text = encodeText(probeText);
  return text.every((byte, i) => payload[i] === byte);
}
