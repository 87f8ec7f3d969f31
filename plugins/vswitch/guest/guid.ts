/** GUIDs that follow from what they stand for, so that whoever needs one again can work it out. Pure. */

/** RFC 9562, namespace of URLs. */
const urlNamespace = "6ba7b8119dad11d180b400c04fd430c8";

/** Of a compartment: version 5 of its `file:` URL, as `uuidgen --sha1 --namespace @url --name file://PATH` has it. */
export function pathGuid(path: string): string {
  const name = new TextEncoder().encode(`file://${path}`);
  const hash = new Bun.CryptoHasher("sha1").update(bytesOf(urlNamespace)).update(name).digest();
  return formatGuid(hash, 5);
}

/** Of an endpoint: its owner's key as version 8, which is also what its DHCP client is known by. @param key 32 hex digits */
export const keyGuid = (key: string): string => formatGuid(bytesOf(key), 8);

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
}

/** @param bytes at least 16: version and variant of RFC 9562 are set in them */
function formatGuid(bytes: Uint8Array, version: number): string {
  const own = bytes.slice(0, 16);
  own[6] = ((own[6] ?? 0) & 0x0f) | (version << 4);
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80;
  const digits = Buffer.from(own).toString("hex");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
