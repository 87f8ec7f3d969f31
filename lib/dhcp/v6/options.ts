/** Options of DHCPv6 (RFC 8415 21, RFC 3646): a code and a length of 16 bits each, then the value. */
import { type Ip, ipBytes, ipFromBytes } from "../../addr/ip.ts";
import { concat, decodeText, encodeText, readBe16, readBe32, readU8 } from "../../netlink/bytes.ts";
import { decodeNames, encodeNames } from "../domain-names.ts";
import { u16, u32 } from "../integers.ts";

const OPTION = {
  clientId: 1,
  serverId: 2,
  association: 3,
  address: 5,
  wanted: 6,
  preference: 7,
  elapsed: 8,
  status: 13,
  dns: 23,
  search: 24,
} as const;

/** For option 6. */
export const wantedCodes: readonly number[] = [OPTION.dns, OPTION.search];

/** RFC 8415 21.13. */
export const statusCode = { success: 0, noAddrsAvail: 2, noBinding: 3, notOnLink: 4 } as const;

export interface Status {
  readonly code: number;
  readonly text: string;
}

interface AssociatedAddress {
  readonly address: Ip;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  readonly status?: Status;
}

/** IA_NA: addresses of one interface. */
export interface Association {
  readonly iaid: number;
  readonly t1Seconds: number;
  readonly t2Seconds: number;
  readonly addresses: readonly AssociatedAddress[];
  readonly status?: Status;
}

/** What is not known, or is known and holds something impossible, is kept as it came. */
interface OtherOption6 {
  readonly code: number;
  readonly bytes: Uint8Array;
}

export interface Options6 {
  readonly clientId?: Uint8Array;
  readonly serverId?: Uint8Array;
  readonly associations?: readonly Association[];
  readonly wanted?: readonly number[];
  readonly preference?: number;
  /** Hundredths of a second since the client began. */
  readonly elapsed?: number;
  readonly status?: Status;
  readonly dns?: readonly Ip[];
  readonly search?: readonly string[];
  readonly others?: readonly OtherOption6[];
}

export function encodeOptions6(options: Options6): Uint8Array {
  const { clientId, serverId, associations, wanted, preference, elapsed, status, dns, search } = options;
  return concat([
    ...(clientId ? [option(OPTION.clientId, clientId)] : []),
    ...(serverId ? [option(OPTION.serverId, serverId)] : []),
    ...(associations ?? []).map((one) => option(OPTION.association, encodeAssociation(one))),
    ...(wanted ? [option(OPTION.wanted, concat(wanted.map(u16.encode)))] : []),
    ...(preference === undefined ? [] : [option(OPTION.preference, Uint8Array.of(preference))]),
    ...(elapsed === undefined ? [] : [option(OPTION.elapsed, u16.encode(Math.min(0xffff, elapsed)))]),
    ...(status ? [encodeStatus(status)] : []),
    ...(dns ? [option(OPTION.dns, concat(dns.map(ipBytes)))] : []),
    ...(search ? [option(OPTION.search, encodeNames(search))] : []),
    ...(options.others ?? []).map(({ code, bytes }) => option(code, bytes)),
  ]);
}

/** @throws {RangeError} when an option reaches beyond the end */
export function decodeOptions6(from: Uint8Array): Options6 {
  let options: Options6 = {};
  for (const { code, bytes } of split(from)) options = { ...options, ...decodeKnown(options, code, bytes) };
  return options;
}

function split(from: Uint8Array): readonly OtherOption6[] {
  const found: OtherOption6[] = [];
  for (let at = 0; at < from.length; ) {
    const length = readBe16(from, at + 2);
    if (at + 4 + length > from.length)
      throw new RangeError(`option ${readBe16(from, at)} reaches beyond the end`);
    found.push({ code: readBe16(from, at), bytes: from.slice(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return found;
}

function decodeKnown(before: Options6, code: number, bytes: Uint8Array): Options6 {
  try {
    const known = decodeValue(before, code, bytes);
    if (known !== undefined) return known;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return { others: [...(before.others ?? []), { code, bytes }] };
}

function decodeValue(before: Options6, code: number, bytes: Uint8Array): Options6 | undefined {
  switch (code) {
    case OPTION.clientId:
      return { clientId: bytes };
    case OPTION.serverId:
      return { serverId: bytes };
    case OPTION.association:
      return { associations: [...(before.associations ?? []), decodeAssociation(bytes)] };
    case OPTION.wanted:
      return { wanted: pieces(bytes, 2).map((piece) => readBe16(piece, 0)) };
    case OPTION.preference:
      return { preference: readU8(bytes, 0) };
    case OPTION.elapsed:
      return { elapsed: readBe16(bytes, 0) };
    case OPTION.status:
      return { status: decodeStatus(bytes) };
    case OPTION.dns:
      return { dns: pieces(bytes, 16).map(ipFromBytes) };
    case OPTION.search:
      return { search: decodeNames(bytes) };
    default:
      return undefined;
  }
}

function encodeAssociation({ iaid, t1Seconds, t2Seconds, addresses, status }: Association): Uint8Array {
  return concat([
    u32.encode(iaid),
    u32.encode(t1Seconds),
    u32.encode(t2Seconds),
    ...addresses.map((one) =>
      option(
        OPTION.address,
        concat([
          ipBytes(one.address),
          u32.encode(one.preferredSeconds),
          u32.encode(one.validSeconds),
          ...(one.status ? [encodeStatus(one.status)] : []),
        ]),
      ),
    ),
    ...(status ? [encodeStatus(status)] : []),
  ]);
}

function decodeAssociation(from: Uint8Array): Association {
  const inner = split(from.subarray(Math.min(12, from.length)));
  const status = statusIn(inner);
  return {
    iaid: readBe32(from, 0),
    t1Seconds: readBe32(from, 4),
    t2Seconds: readBe32(from, 8),
    addresses: inner.filter(({ code }) => code === OPTION.address).map(({ bytes }) => decodeAddress(bytes)),
    ...(status && { status }),
  };
}

function decodeAddress(from: Uint8Array): AssociatedAddress {
  readU8(from, 23);
  const status = statusIn(split(from.subarray(24)));
  return {
    address: ipFromBytes(from.subarray(0, 16)),
    preferredSeconds: readBe32(from, 16),
    validSeconds: readBe32(from, 20),
    ...(status && { status }),
  };
}

function statusIn(options: readonly OtherOption6[]): Status | undefined {
  const found = options.find(({ code }) => code === OPTION.status);
  return found && decodeStatus(found.bytes);
}

const decodeStatus = (bytes: Uint8Array): Status => ({
  code: readBe16(bytes, 0),
  text: decodeText(bytes.subarray(2)),
});

const encodeStatus = ({ code, text }: Status): Uint8Array =>
  option(OPTION.status, concat([u16.encode(code), encodeText(text)]));

function pieces(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  if (bytes.length % size !== 0) throw new RangeError(`${bytes.length} bytes of pieces of ${size}`);
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

const option = (code: number, bytes: Uint8Array): Uint8Array =>
  concat([u16.encode(code), u16.encode(bytes.length), bytes]);
