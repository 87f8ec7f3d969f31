/**
 * Who asks a DHCP server: an identifier made of the owner's key, the same for IPv4 and IPv6 (RFC 4361).
 *
 * A container that is made anew under the same name gets its address again, whatever its MAC is, and two containers
 * with one MAC are two clients.
 */

/** RFC 4361 6.1: an IAID and a DUID follow. */
const TYPE_DUID = 255;
/** RFC 6355: a DUID made of a UUID. */
const DUID_UUID = 4;

/** Option 61 of DHCPv4. @param key of the owner, 32 hex digits. @throws {RangeError} for any other text */
export function clientId(key: string): Uint8Array {
  return Uint8Array.of(TYPE_DUID, ...iaid(key), ...duid(key));
}

/** Option 1 of DHCPv6. @throws {RangeError} as {@link clientId} */
export function duid(key: string): Uint8Array {
  const uuid = keyBytes(key);
  // RFC 9562: version 8, of one's own making, and the variant of that document.
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return Uint8Array.of(0, DUID_UUID, ...uuid);
}

/** The identity association: 4 bytes, one interface of the client. @throws {RangeError} as {@link clientId} */
export function iaid(key: string): Uint8Array {
  return keyBytes(key).slice(0, 4);
}

function keyBytes(key: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(key)) throw new RangeError(`not the key of an owner: ${JSON.stringify(key)}`);
  return Uint8Array.from(key.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
