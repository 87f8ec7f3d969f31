/** Looking at a packet with the meaning of a policy, which knows nothing of traces, and noting what it looked at. */
import type { Packet } from "../../policy/packet.ts";
import { type Cell, type FieldName, valueCell } from "./consulted.ts";
import { consult, type Walk } from "./walk.ts";

/** How much of a field matters where less than all of it does: `undefined` for nothing at all. */
export type Cells = Readonly<Partial<Record<FieldName, Cell | undefined>>>;

/**
 * What `judge` says of the packet; the fields that it read are consulted.
 *
 * @param judge pure; what it says must be plain data
 * @param cells narrower than the whole value, for fields that `judge` only compares with known prefixes and ranges
 */
export function look<W extends Walk, T>(
  walk: W,
  judge: (packet: W["packet"]) => T,
  cells: Cells = {},
): { readonly walk: W; readonly found: T } {
  const { packet } = walk;
  const { found, fields } = reading(packet, judge);
  const tried = few.some((field) => fields.includes(field)) ? tryFew(packet, judge) : undefined;
  const read = tried === undefined ? fields : tried.read;
  const noted = read
    .filter((field) => field !== "kind" && tried?.idle.has(field) !== true)
    .map((field) => [field, field in cells ? cells[field] : whole(packet, field)]);
  return { walk: consult(walk, Object.fromEntries(noted)), found };
}

/** Runs a judgement and tells which fields of the packet it read. */
export function reading<P extends Packet, T>(
  packet: P,
  judge: (packet: P) => T,
): { readonly found: T; readonly fields: readonly FieldName[] } {
  const fields = new Set<FieldName>();
  const watched = new Proxy(packet, {
    get(target, name) {
      fields.add(name as FieldName);
      return Reflect.get(target, name);
    },
  });
  return { found: judge(watched), fields: [...fields] };
}

function whole(packet: Packet, field: FieldName): Cell {
  const value: unknown = Reflect.get(packet, field);
  return valueCell(typeof value === "object" ? JSON.stringify(value) : (value as string | undefined));
}

/** Fields of so few values that all can be tried. */
const few: readonly FieldName[] = ["fragment", "opens"];
const fragments = [undefined, "first", "later"] as const;
const openings = [undefined, true] as const;

/** Judges the packet with each value of these fields: what is read by any of them, and which make no difference. */
function tryFew<P extends Packet>(
  packet: P,
  judge: (packet: P) => unknown,
): { readonly read: readonly FieldName[]; readonly idle: ReadonlySet<FieldName> } {
  const tries = fragments.map((fragment) =>
    openings.map((opens) => reading({ ...packet, fragment, opens }, judge)),
  );
  const said = tries.map((row) => row.map(({ found }) => JSON.stringify(found ?? null)));
  const idle = new Set<FieldName>();
  if (said.every((row) => row.every((one, column) => one === said[0]?.[column]))) idle.add("fragment");
  if (said.every((row) => row.every((one) => one === row[0]))) idle.add("opens");
  return { read: [...new Set(tries.flat().flatMap(({ fields }) => fields))], idle };
}
