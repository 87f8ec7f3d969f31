/** Sets and maps of other programs, with their elements as ranges of keys. */
import type { Netlink } from "../../netlink/connection.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { Data } from "../../netlink/nft/data.ts";
import { decodeSetShape, type SetShape } from "../../netlink/nft/dump.ts";
import { decodeElements, dumpElements, type Element } from "../../netlink/nft/element.ts";
import { joinIntervals } from "../../netlink/nft/interval.ts";
import type { TableName } from "../../netlink/nft/message.ts";
import { dumpSets } from "../../netlink/nft/set.ts";
import type { ByteRange } from "./value.ts";

export interface ForeignElement {
  /** Absent: every key that no other element has. */
  readonly key?: ByteRange;
  readonly data?: Data;
}

export interface ForeignSet extends SetShape {
  /** Absent: could not be read, or there are too many to judge. */
  readonly elements?: readonly ForeignElement[];
}

/** Block lists of some programs are longer; a judgement of each packet by each of them would take too long. */
const MOST_ELEMENTS = 10_000;

/**
 * @param wanted names of the sets that rules refer to
 * @param isRead whether what the set holds is of interest
 */
export function readSets(
  rules: Netlink,
  table: TableName,
  wanted: ReadonlySet<string>,
  isRead: (set: SetShape) => boolean = () => true,
): readonly ForeignSet[] {
  if (wanted.size === 0) return [];
  const shapes = orNone(() => rules.request(dumpSets(table)).map(decodeSetShape)) ?? [];
  return shapes
    .filter(({ set }) => wanted.has(set))
    .map((shape) => {
      if (!isRead(shape)) return shape;
      const elements = orNone(() => rules.request(dumpElements(shape)).flatMap(decodeElements));
      return elements === undefined || elements.length > MOST_ELEMENTS
        ? shape
        : { ...shape, elements: toRanges(shape, elements) };
    });
}

/** A table may go while it is read, and a newer kernel may have elements that we cannot read. */
function orNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NetlinkError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function toRanges(
  { interval, concatenated }: SetShape,
  elements: readonly Element[],
): readonly ForeignElement[] {
  // The kernel tells elements in the order of their hashes, which differ from set to set.
  const keyed = elements.filter(({ catchAll }) => !catchAll).sort((a, b) => Buffer.compare(a.key, b.key));
  const rest = elements.filter(({ catchAll }) => catchAll).map(withData);
  if (interval && !concatenated) {
    return [...joinIntervals(keyed).map(({ start, range }) => ({ key: range, ...withData(start) })), ...rest];
  }
  const ranges = keyed.map((element) => ({
    key: { first: element.key, last: element.keyEnd ?? element.key },
    ...withData(element),
  }));
  return [...ranges, ...rest];
}

const withData = ({ data }: Element): Pick<ForeignElement, "data"> => (data === undefined ? {} : { data });
