/**
 * ACLs to elements. Pure.
 *
 * The kernel's sets know neither order nor overlaps: rules become boxes that share nothing, each with the action of the
 * rule that comes first there. Only boxes whose action differs from the default are elements.
 */
import { type Family, ipFromNumber } from "../../../addr/ip.ts";
import { prefixAddress, prefixOf } from "../../../addr/prefix.ts";
import type { Plan } from "../../../model/plan.ts";
import { DATATYPES, type FieldValue } from "../../../netlink/nft/datatype.ts";
import { type Acl, type AclAction, type AclDirection, inOrder } from "../../../policy/acl.ts";
import type { LayoutElement } from "../../layout/element.ts";
import { type Box, boxesOf, type Range, subtract } from "./acl-boxes.ts";

const directions: readonly AclDirection[] = ["Out", "In"];
const side = { Out: "out", In: "in" } as const;
const verb = { Allow: "allowed", Block: "blocked" } as const;

export function aclElements(rules: readonly Acl[], { port, vnic }: Plan): readonly LayoutElement[] {
  const { name, aclDefault } = port;
  if (aclDefault === undefined) return [];
  const own = vnic.addresses.map(prefixAddress);
  const elements: LayoutElement[] = [];
  for (const direction of directions) {
    elements.push({ set: `dropped_acl_${side[direction]}`, key: [name] });
    if (aclDefault[direction] === "Allow") elements.push({ set: `default_${side[direction]}`, key: [name] });
    for (const family of [4, 6] as const) {
      const action: AclAction = aclDefault[direction] === "Allow" ? "Block" : "Allow";
      const set = `${verb[action]}_${side[direction]}${family}` as const;
      const ofDirection = rules.filter((rule) => rule.direction === direction);
      for (const box of boxesWith(action, ofDirection, own, family))
        elements.push({ set, key: [name, ...keyOf(box, family)] });
    }
  }
  return [...elements, { set: "judged", key: [name] }];
}

/** The boxes in which the first rule that matches has this action; no two of them overlap. */
export function boxesWith(
  action: AclAction,
  rules: readonly Acl[],
  own: Parameters<typeof boxesOf>[1],
  family: Family,
): readonly Box[] {
  const before: Box[] = [];
  const wanted: Box[] = [];
  for (const rule of inOrder(rules)) {
    const whole = boxesOf(rule, own, family);
    if (rule.action === action)
      for (const box of whole) wanted.push(...before.reduce<readonly Box[]>(without, [box]));
    before.push(...whole);
  }
  return wanted;
}

const without = (left: readonly Box[], taken: Box): readonly Box[] =>
  left.flatMap((box) => subtract(box, taken));

/** As the kernel's element comes back: one value, a prefix, or "from-to". */
function keyOf({ protocol, remote, localPort, remotePort }: Box, family: Family): readonly FieldValue[] {
  const numbers = ({ first, last }: Range<number>): FieldValue =>
    first === last ? first : `${first}-${last}`;
  const single = protocol.first === protocol.last;
  return [
    single ? DATATYPES.inet_proto.decode(Uint8Array.of(protocol.first)) : numbers(protocol),
    addresses(remote, family),
    numbers(localPort),
    numbers(remotePort),
  ];
}

function addresses({ first, last }: Range<bigint>, family: Family): string {
  const size = last - first + 1n;
  const from = ipFromNumber(family, first);
  const isPrefix = (size & (size - 1n)) === 0n && first % size === 0n;
  if (!isPrefix) return `${from}-${ipFromNumber(family, last)}`;
  return prefixOf(from, (family === 4 ? 32 : 128) - (size.toString(2).length - 1));
}
