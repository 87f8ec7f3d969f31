/** Keys of the `ipam` object that look like a known one. */
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { JsonObject } from "../../lib/cni/read.ts";
import { misspeltKeys } from "../../lib/cni/schema.ts";

/** @throws {CniError} 2 */
export function refuseMisspelt(raw: JsonObject, known: readonly string[]): void {
  const ranges = Array.isArray(raw.ranges) ? raw.ranges.flat() : [];
  const slips = [
    ...misspeltKeys(raw, known, "ipam"),
    ...ranges.flatMap((range) =>
      range && typeof range === "object"
        ? misspeltKeys(range, ["subnet", "rangeStart", "rangeEnd", "gateway"], "ipam.ranges")
        : [],
    ),
  ];
  const slip = slips[0];
  if (slip === undefined) return;
  throw new CniError(
    errorCode.unsupportedField,
    `unknown key ${slip.path}: expected ${slip.expected}, received ${slip.received}`,
    {
      reason: "unknown-key",
      details: slips.map((each) => `${each.path}: expected ${each.expected}`).join("\n"),
    },
  );
}
