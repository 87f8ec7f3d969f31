/** Terms: the words a rule is written in. Each has its text in nft's language and the expressions it stands for. */
import { ipBytes } from "../../addr/ip.ts";
import { type Prefix, prefixAddress, prefixLength } from "../../addr/prefix.ts";
import { align4, writeU32 } from "../../netlink/bytes.ts";
import { DATATYPES, type DatatypeName } from "../../netlink/nft/datatype.ts";
import { IPS_DST_NAT, NF_CT_STATE_ESTABLISHED, NF_CT_STATE_RELATED } from "../../netlink/nft/expr/ct.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import {
  NFTA_FIB_F_DADDR,
  NFTA_FIB_F_IIF,
  NFTA_FIB_F_PRESENT,
  NFTA_FIB_F_SADDR,
  RTN_LOCAL,
} from "../../netlink/nft/expr/fib.ts";
import { NFT_REG_1, NFT_REG_VERDICT, registerAt } from "../../netlink/nft/expr/register.ts";
import { formatField } from "../../netlink/nft/field-range.ts";
import { formatTimeout } from "../../netlink/nft/set.ts";
import { formatVerdict, type Verdict } from "../../netlink/nft/verdict.ts";
import { FIELDS, type Field, type FieldName, type NetworkProtocol } from "./field.ts";
import { type LayoutSetName, layoutSet } from "./sets.ts";

export interface Term {
  /** As `nft list ruleset` prints it. */
  readonly words: string;
  readonly expressions: readonly Expression[];
  /** Only packets of this protocol can match: the rule asks for it first. */
  readonly protocol?: NetworkProtocol;
  /** nft prints it but does not take it back. */
  readonly unscriptable?: true;
  /** The set that is looked up, and the type of the key: a test holds it against the set. */
  readonly lookup?: { readonly set: LayoutSetName; readonly key: readonly DatatypeName[] };
}

/** Goes on when the address lies in the prefix, or with "!=" outside of it. */
export function matchPrefix(name: FieldName, prefix: Prefix, op: "==" | "!=" = "=="): Term {
  const { type, protocol, load }: Field = FIELDS[name];
  const length = prefixLength(prefix);
  const bytes = Math.ceil(length / 8);
  const value = ipBytes(prefixAddress(prefix)).subarray(0, bytes);
  // Like nft: whole bytes are compared as they are, anything else needs a mask over the whole address.
  const expressions: readonly Expression[] =
    length % 8 === 0 ? [shorten(load(NFT_REG_1), bytes)] : [load(NFT_REG_1), keepBits(type, length)];
  const compared = length % 8 === 0 ? value : fill(value, DATATYPES[type].size);
  return {
    words: `${name} ${op === "!=" ? "!= " : ""}${formatField(type, prefix)}`,
    expressions: [
      ...expressions,
      { kind: "cmp", op: op === "==" ? "eq" : "neq", register: NFT_REG_1, value: compared },
    ],
    ...(protocol && { protocol }),
  };
}

/** Goes on when the set has the fields as key. */
export function inSet(names: readonly FieldName[], set: LayoutSetName): Term {
  return { ...lookUp(names, set), lookup: { set, key: names.map((name) => FIELDS[name].type) } };
}

/** The same of a set that is not the layout's. */
export function lookUp(names: readonly FieldName[], set: string): Term {
  return {
    words: `${names.join(" . ")} @${set}`,
    expressions: [...loadFields(names), { kind: "lookup", set, register: NFT_REG_1 }],
    ...protocolOf(names),
    ...unscriptable(names),
  };
}

/** Does what a verdict map holds for the fields; goes on when it holds nothing. */
export function byMap(names: readonly FieldName[], map: LayoutSetName): Term {
  return {
    words: `${names.join(" . ")} vmap @${map}`,
    expressions: [
      ...loadFields(names),
      { kind: "lookup", set: map, register: NFT_REG_1, target: NFT_REG_VERDICT },
    ],
    ...protocolOf(names),
    ...unscriptable(names),
    lookup: { set: map, key: names.map((name) => FIELDS[name].type) },
  };
}

/** Adds the fields as key, or renews the time that the element stays. Goes on; not when the set is full. */
export function remember(names: readonly FieldName[], set: LayoutSetName, timeoutMs: number): Term {
  const key = names.map((name) => FIELDS[name].type);
  const isDefault = layoutSet(set).timeoutMs === timeoutMs;
  return {
    words: `update @${set} { ${names.join(" . ")}${isDefault ? "" : ` timeout ${formatTimeout(timeoutMs)}`} }`,
    expressions: [
      ...loadFields(names),
      { kind: "dynset", op: "update", set, register: NFT_REG_1, ...(isDefault ? {} : { timeoutMs }) },
    ],
    ...protocolOf(names),
    ...unscriptable(names),
    lookup: { set, key },
  };
}

/** Sends the connection out under the address that a map holds for the fields; goes on when it holds none. */
export function snatByMap(family: "ip" | "ip6", names: readonly FieldName[], map: LayoutSetName): Term {
  return {
    words: `snat ${family} to ${names.join(" . ")} map @${map}`,
    expressions: [
      ...loadFields(names),
      { kind: "lookup", set: map, register: NFT_REG_1, target: NFT_REG_1 },
      { kind: "nat", type: "snat", family, addressMin: NFT_REG_1 },
    ],
    ...protocolOf(names),
    lookup: { set: map, key: names.map((name) => FIELDS[name].type) },
  };
}

/** Sends the connection to the address and port that a map holds for the fields; goes on when it holds none. */
export function dnatByMap(family: "ip" | "ip6", names: readonly FieldName[], map: LayoutSetName): Term {
  const port = registerAt(DATATYPES[family === "ip" ? "ipv4_addr" : "ipv6_addr"].size);
  return {
    words: `dnat ${family} to ${names.join(" . ")} map @${map}`,
    expressions: [
      ...loadFields(names),
      { kind: "lookup", set: map, register: NFT_REG_1, target: NFT_REG_1 },
      { kind: "nat", type: "dnat", family, addressMin: NFT_REG_1, portMin: port },
    ],
    ...protocolOf(names),
    lookup: { set: map, key: names.map((name) => FIELDS[name].type) },
  };
}

/** Goes on when the destination is an address of the host. */
export const toThisHost: Term = {
  words: "fib daddr type local",
  expressions: [
    { kind: "fib", result: "type", flags: NFTA_FIB_F_DADDR, register: NFT_REG_1 },
    { kind: "cmp", op: "eq", register: NFT_REG_1, value: hostOrder(RTN_LOCAL) },
  ],
};

/** Goes on when an answer to the packet's source would leave by where it came from (RFC 3704, 2.2: strict). */
export const hasWayBack: Term = {
  words: "fib saddr . iif oif exists",
  expressions: [
    {
      kind: "fib",
      result: "oif",
      flags: NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT,
      register: NFT_REG_1,
    },
    { kind: "cmp", op: "eq", register: NFT_REG_1, value: hostOrder(1) },
  ],
};

/** Goes on when a rule of ours or of anybody's has changed the connection's destination. */
export const wasDnatted: Term = {
  words: "ct status dnat",
  expressions: [
    { kind: "ct", key: "status", register: NFT_REG_1 },
    {
      kind: "bitwise",
      source: NFT_REG_1,
      target: NFT_REG_1,
      mask: hostOrder(IPS_DST_NAT),
      xor: hostOrder(0),
    },
    { kind: "cmp", op: "neq", register: NFT_REG_1, value: hostOrder(0) },
  ],
};

/** Goes on when the packet belongs to a connection, or is about one, that was let pass before. */
export const isAnswer: Term = {
  words: "ct state established,related",
  expressions: [
    { kind: "ct", key: "state", register: NFT_REG_1 },
    {
      kind: "bitwise",
      source: NFT_REG_1,
      target: NFT_REG_1,
      mask: hostOrder(NF_CT_STATE_ESTABLISHED | NF_CT_STATE_RELATED),
      xor: hostOrder(0),
    },
    { kind: "cmp", op: "neq", register: NFT_REG_1, value: hostOrder(0) },
  ],
};

/** Gives the connection the address of the interface by which it leaves. */
export const masquerade: Term = { words: "masquerade", expressions: [{ kind: "masq" }] };

/** The packet is of no connection: none is looked for, and none is made. */
export const notrack: Term = { words: "notrack", expressions: [{ kind: "notrack" }] };

export function verdict(data: Verdict): Term {
  return {
    words: formatVerdict(data),
    expressions: [{ kind: "immediate", register: NFT_REG_VERDICT, data }],
  };
}

/** Each field begins at the next 32 bit register, as in the keys of sets. */
function loadFields(names: readonly FieldName[]): readonly Expression[] {
  let offset = 0;
  return names.map((name) => {
    const { type, load } = FIELDS[name];
    const loaded = load(registerAt(offset));
    offset += align4(DATATYPES[type].size);
    return loaded;
  });
}

function unscriptable(names: readonly FieldName[]): Pick<Term, "unscriptable"> {
  return names.some((name) => name.startsWith("@")) ? { unscriptable: true } : {};
}

function protocolOf(names: readonly FieldName[]): Pick<Term, "protocol"> {
  for (const name of names) {
    const { protocol }: Field = FIELDS[name];
    if (protocol) return { protocol };
  }
  return {};
}

function shorten(expression: Expression, length: number): Expression {
  return expression.kind === "payload" ? { ...expression, length } : expression;
}

function keepBits(type: DatatypeName, length: number): Expression {
  const { size } = DATATYPES[type];
  const mask = new Uint8Array(size);
  for (let i = 0; i < size; i++) mask[i] = 0xff00 >> Math.min(8, Math.max(0, length - i * 8));
  return { kind: "bitwise", source: NFT_REG_1, target: NFT_REG_1, mask, xor: new Uint8Array(size) };
}

function fill(value: Uint8Array, size: number): Uint8Array {
  const filled = new Uint8Array(size);
  filled.set(value);
  return filled;
}

function hostOrder(value: number): Uint8Array {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  return encoded;
}
