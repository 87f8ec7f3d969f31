/** What expressions load into registers. */
import type { Bitwise } from "../../netlink/nft/expr/bitwise.ts";
import type { Ct } from "../../netlink/nft/expr/ct.ts";
import {
  type Fib,
  NFTA_FIB_F_DADDR,
  NFTA_FIB_F_IIF,
  NFTA_FIB_F_MARK,
  NFTA_FIB_F_OIF,
  NFTA_FIB_F_SADDR,
} from "../../netlink/nft/expr/fib.ts";
import type { Meta } from "../../netlink/nft/expr/meta.ts";
import type { Payload } from "../../netlink/nft/expr/payload.ts";
import { NFT_REG_VERDICT } from "../../netlink/nft/expr/register.ts";
import { FIELD_LENGTHS, type KnownField, otherValue, type Value } from "./value.ts";

/** @returns undefined for an expression that writes to the packet: it has no register to load into */
export function loadedValue(expression: Meta | Ct | Payload | Fib): Value | undefined {
  if (expression.register === NFT_REG_VERDICT) return undefined;
  switch (expression.kind) {
    case "meta":
      return expression.set ? undefined : metaValue(expression.key);
    case "ct":
      return expression.key === "state" || expression.key === "status"
        ? fieldValue(expression.key, `ct ${expression.key}`)
        : otherValue(`ct ${expression.key}`);
    case "payload": {
      const { base, offset, length } = expression;
      return { source: { kind: "header", base, offset }, length };
    }
    case "fib":
      return otherValue(formatFib(expression));
  }
}

const META: { readonly [Key in string]?: { readonly field: KnownField; readonly text: string } } = {
  iifname: { field: "iifname", text: "iifname" },
  oifname: { field: "oifname", text: "oifname" },
  iif: { field: "iif", text: "iif" },
  oif: { field: "oif", text: "oif" },
  nfproto: { field: "nfproto", text: "meta nfproto" },
  l4proto: { field: "l4proto", text: "meta l4proto" },
  protocol: { field: "etherType", text: "meta protocol" },
};

/** What an expression writes to the packet or its connection, in words; undefined when it only reads. */
export function writtenField(expression: Meta | Ct | Payload | Fib): string | undefined {
  if (expression.kind === "meta") return expression.set && formatMeta(expression.key);
  if (expression.register !== NFT_REG_VERDICT) return undefined;
  return expression.kind === "ct" ? `ct ${expression.key}` : expression.kind;
}

/** Of the kernel's other keys the common ones (enum nft_meta_keys). */
const OTHER_META: Readonly<Record<number, { readonly text: string; readonly length: number }>> = {
  2: { text: "meta priority", length: 4 },
  8: { text: "meta iiftype", length: 2 },
  9: { text: "meta oiftype", length: 2 },
  10: { text: "meta skuid", length: 4 },
  11: { text: "meta skgid", length: 4 },
  19: { text: "meta pkttype", length: 1 },
  21: { text: "iifgroup", length: 4 },
  22: { text: "oifgroup", length: 4 },
  26: { text: "meta iifkind", length: 16 },
  27: { text: "meta oifkind", length: 16 },
};

function metaValue(key: Meta["key"]): Value {
  const known = META[key];
  if (known) return fieldValue(known.field, known.text);
  if (key === "ibrname" || key === "obrname") return otherValue(`meta ${key}`, 16);
  return otherValue(formatMeta(key), typeof key === "number" ? (OTHER_META[key]?.length ?? 4) : 4);
}

function formatMeta(key: Meta["key"]): string {
  const other = typeof key === "number" ? OTHER_META[key] : undefined;
  return other?.text ?? `meta ${key}`;
}

function fieldValue(field: KnownField, text: string): Value {
  return { source: { kind: "field", field, text }, length: FIELD_LENGTHS[field] ?? 4 };
}

const FIB_FLAGS = [
  [NFTA_FIB_F_SADDR, "saddr"],
  [NFTA_FIB_F_DADDR, "daddr"],
  [NFTA_FIB_F_MARK, "mark"],
  [NFTA_FIB_F_IIF, "iif"],
  [NFTA_FIB_F_OIF, "oif"],
] as const;

function formatFib({ flags, result }: Fib): string {
  const words = FIB_FLAGS.filter(([flag]) => flags & flag).map(([, name]) => name);
  return `fib ${words.join(" . ")} ${result}`;
}

/** Swapping the bytes of one changes nothing. */
export function swappedValue(value: Value, length: number): Value {
  if (length === 1) return value;
  const text = value.source.kind === "header" ? "a header" : value.source.text;
  return { source: { kind: "other", text, swapped: true }, length };
}

/** A mask of all ones changes nothing; what turns bits over is not followed. */
export function maskedValue(value: Value, { mask, xor }: Bitwise): Value {
  if (xor.some((byte) => byte !== 0) || value.mask) {
    const text = value.source.kind === "header" ? "a header" : value.source.text;
    return otherValue(`${text} with its bits changed`, mask.length);
  }
  if (mask.every((byte) => byte === 0xff) && mask.length === value.length) return value;
  return { ...value, mask };
}
