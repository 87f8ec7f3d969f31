/** Options of DHCPv4 by name and code (RFC 2132, 3397, 3442, 4702 and their like). */
import { concat } from "../../netlink/bytes.ts";
import { type Kind, u8, u16, u32 } from "../integers.ts";
import { address, addresses, codes, mask, name, names, raw, routes, text } from "./values.ts";

interface Known<Value> {
  readonly code: number;
  readonly kind: Kind<Value>;
}

const known = <Value>(code: number, kind: Kind<Value>): Known<Value> => ({ code, kind });

/** In the order in which they are written: what a message is comes first. */
const table = {
  type: known(53, u8),
  clientId: known(61, raw),
  requested: known(50, address),
  server: known(54, address),
  leaseSeconds: known(51, u32),
  renewSeconds: known(58, u32),
  rebindSeconds: known(59, u32),
  /** As the length of the prefix. */
  subnetMask: known(1, mask),
  routers: known(3, addresses),
  dns: known(6, addresses),
  hostname: known(12, name),
  domain: known(15, name),
  mtu: known(26, u16),
  broadcast: known(28, address),
  timeServers: known(42, addresses),
  maxBytes: known(57, u16),
  parameters: known(55, codes),
  /** What a refusal says. */
  message: known(56, text),
  search: known(119, names),
  routes: known(121, routes),
} as const;

type Table = typeof table;
type OptionName = keyof Table;
type ValueOf<Option> = Option extends Known<infer Value> ? Value : never;

/** What is not known, or is known and holds something impossible, is kept as it came. */
interface OtherOption {
  readonly code: number;
  readonly bytes: Uint8Array;
}

export type Options = { readonly [Name in OptionName]?: ValueOf<Table[Name]> } & {
  readonly others?: readonly OtherOption[];
};

/** @returns the codes, for option 55 */
export const optionCodes = (...wanted: readonly OptionName[]): readonly number[] =>
  wanted.map((one) => table[one].code);

const PAD = 0;
const END = 255;
const OVERLOAD = 52;
const MOST_BYTES = 255;

/** Options as they stand in a field, by code; pieces of one option are put together (RFC 3396). */
type RawOptions = ReadonlyMap<number, Uint8Array>;

/** @throws {RangeError} when an option reaches beyond the end */
export function splitOptions(fields: readonly Uint8Array[]): RawOptions {
  const found = new Map<number, Uint8Array>();
  for (const field of fields)
    for (let at = 0; at < field.length; ) {
      const code = field[at];
      if (code === END) break;
      at += 1;
      if (code === PAD || code === undefined) continue;
      const length = field[at];
      if (length === undefined || at + 1 + length > field.length)
        throw new RangeError(`option ${code} reaches beyond byte ${field.length}`);
      const piece = field.subarray(at + 1, at + 1 + length);
      found.set(code, concat([found.get(code) ?? new Uint8Array(), piece]));
      at += 1 + length;
    }
  return found;
}

/** Option 52: which of the older fields `file` and `sname` hold options too. */
export function overloaded(options: RawOptions): { readonly file: boolean; readonly sname: boolean } {
  const bits = options.get(OVERLOAD)?.[0] ?? 0;
  return { file: (bits & 1) !== 0, sname: (bits & 2) !== 0 };
}

/** Never throws. */
export function decodeOptions(from: RawOptions): Options {
  const options: Record<string, unknown> = {};
  const others: OtherOption[] = [];
  for (const [code, bytes] of from) {
    if (code === OVERLOAD) continue;
    const value = decodeKnown(code, bytes);
    if (value === undefined) others.push({ code, bytes });
    else options[value.name] = value.value;
  }
  return { ...options, ...(others.length > 0 && { others }) };
}

const byCode = new Map(Object.entries(table).map(([option, { code, kind }]) => [code, { option, kind }]));

function decodeKnown(
  code: number,
  bytes: Uint8Array,
): { readonly name: string; readonly value: unknown } | undefined {
  const found = byCode.get(code);
  if (found === undefined) return undefined;
  try {
    return { name: found.option, value: found.kind.decode(bytes) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** With the end. @throws {RangeError} for a value that is none */
export function encodeOptions(options: Options): Uint8Array {
  const parts = Object.entries(table).flatMap(([option, { code, kind }]) => {
    const value = options[option as OptionName];
    // The table's entry and the value are of one kind: `Options` is made of the table.
    return value === undefined ? [] : pieces(code, (kind as Kind<unknown>).encode(value));
  });
  const others = options.others?.flatMap(({ code, bytes }) => pieces(code, bytes)) ?? [];
  return concat([...parts, ...others, Uint8Array.of(END)]);
}

/** What is too long for one option goes on in another of the same code (RFC 3396). */
function pieces(code: number, bytes: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MOST_BYTES) {
    const piece = bytes.subarray(at, at + MOST_BYTES);
    parts.push(Uint8Array.of(code, piece.length), piece);
  }
  return parts;
}
