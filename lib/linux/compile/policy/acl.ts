/**
 * ACLs to elements. Pure.
 *
 * The kernel's sets know neither order nor overlaps: rules become boxes that share nothing, each with the action of the
 * rule that comes first there. Only boxes whose action differs from the default are elements.
 */
import { type Family, ipFromNumber } from "../../../addr/ip.ts";
import { prefixAddress, prefixOf } from "../../../addr/prefix.ts";
import { CniError, errorCode } from "../../../cni/error.ts";
import type { Plan } from "../../../model/plan.ts";
import { DATATYPES, type FieldValue } from "../../../netlink/nft/datatype.ts";
import type { Acl, AclAction, AclDirection } from "../../../policy/acl.ts";
import type { LayoutElement } from "../../layout/element.ts";
import { type Box, boxesWith, type Range } from "./acl-boxes.ts";

const directions: readonly AclDirection[] = ["Out", "In"];
const side = { Out: "out", In: "in" } as const;
const verb = { Allow: "allowed", Block: "blocked" } as const;

/**
 * Of one direction and family. The kernel's work for them grows with their square: for so many it takes 5 seconds to
 * add them and 14 to take them away, and for some ten thousands more it takes minutes, in which no other container
 * comes or goes.
 */
const mostBoxes = 16_384;

/** @throws {CniError} 7 for rules that come to more than the kernel can take in time */
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
      const boxes = boxesWith(action, ofDirection, own, family, mostBoxes);
      if (boxes === undefined) throw tooMany(direction, family);
      for (const box of boxes) elements.push({ set, key: [name, ...keyOf(box, family)] });
    }
  }
  return [...elements, { set: "judged", key: [name] }];
}

function tooMany(direction: AclDirection, family: Family): CniError {
  const way = direction === "In" ? "into" : "out of";
  return new CniError(
    errorCode.invalidConfig,
    `ACLs ${way} the container for IPv${family}: they come to more than ${mostBoxes} entries of the kernel's sets`,
    {
      reason: "acl-too-many",
      details:
        "each combination of protocol, prefix and port range costs one, and each that an earlier rule cuts costs several: take wider prefixes and ranges, or another default",
    },
  );
}

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
