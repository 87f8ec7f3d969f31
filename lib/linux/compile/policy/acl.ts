/**
 * ACLs to elements. Pure.
 *
 * The kernel's sets know neither order nor overlaps: rules become boxes that share nothing, each with the action of the
 * rule that comes first there. Only boxes whose action differs from the default are elements.
 */
import { type Family, familyBits, ipFromNumber } from "../../../addr/ip.ts";
import { prefixAddress, prefixOf } from "../../../addr/prefix.ts";
import { CniError, errorCode } from "../../../cni/error.ts";
import type { Plan } from "../../../model/plan.ts";
import { DATATYPES, type FieldValue } from "../../../netlink/nft/datatype.ts";
import type { Acl, AclAction, AclDirection } from "../../../policy/acl.ts";
import type { LayoutElement } from "../../layout/element.ts";
import { type AclField, aclFields, type PortAcl } from "../../layout/port-acl.ts";
import { type Box, boxesWith, type Range } from "./acl-boxes.ts";

const directions: readonly AclDirection[] = ["Out", "In"];
const sideOf = { Out: "out", In: "in" } as const;
const verbOf = { Allow: "allowed", Block: "blocked" } as const;

/**
 * Of one direction and family. The kernel's work for a set of ranges grows faster than the set: so many take 2 seconds
 * to add, in which no other container comes or goes. Removing them takes 0.2.
 */
const mostBoxes = 16_384;

/** What makes rules look at the port, and what its defaults are. */
export function aclElements({ port }: Plan): readonly LayoutElement[] {
  const { name, aclDefault } = port;
  if (aclDefault === undefined) return [];
  const elements = directions.flatMap((direction): LayoutElement[] => [
    { set: `dropped_acl_${sideOf[direction]}`, key: [name] },
    ...(aclDefault[direction] === "Allow"
      ? [{ set: `default_${sideOf[direction]}`, key: [name] } as const]
      : []),
  ]);
  return [...elements, { set: "judged", key: [name] }];
}

/**
 * What the rules name, as far as it fares otherwise than by default.
 *
 * @param comment whose they are
 * @throws {CniError} 7 for rules that come to more than the kernel can take in time
 */
export function portAcls(
  rules: readonly Acl[],
  { port: { name: port, aclDefault }, vnic }: Plan,
  comment: string,
): readonly PortAcl[] {
  if (aclDefault === undefined) return [];
  const own = vnic.addresses.map(prefixAddress);
  return directions.flatMap((direction) => {
    const ofDirection = rules.filter((rule) => rule.direction === direction);
    const action: AclAction = aclDefault[direction] === "Allow" ? "Block" : "Allow";
    return ([4, 6] as const).flatMap((family): PortAcl[] => {
      const boxes = boxesWith(action, ofDirection, own, family, mostBoxes);
      if (boxes === undefined) throw tooMany(direction, family);
      if (boxes.length === 0) return [];
      const fields = fieldsOf(boxes, family);
      const keys = boxes.map((box) => keyOf(box, fields, family));
      const [side, verb] = [sideOf[direction], verbOf[action]];
      return [{ port, side, family, verb, fields, boxes: keys, comment }];
    });
  });
}

/** Those that tell boxes from others. At least two, so that the kernel has one kind of set for all. */
function fieldsOf(boxes: readonly Box[], family: Family): readonly AclField[] {
  const telling = aclFields.filter((field) => boxes.some((box) => !isWhole(box[field], ends(field, family))));
  return telling.length > 1 ? telling : ["protocol", "remote"];
}

const isWhole = ({ first, last }: Range<number | bigint>, end: bigint): boolean =>
  BigInt(first) === 0n && BigInt(last) === end;

function ends(field: AclField, family: Family): bigint {
  if (field === "remote") return (1n << BigInt(familyBits(family))) - 1n;
  return field === "protocol" ? 255n : 65_535n;
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
function keyOf(
  { protocol, remote, localPort, remotePort }: Box,
  fields: readonly AclField[],
  family: Family,
): readonly FieldValue[] {
  const numbers = ({ first, last }: Range<number>): FieldValue =>
    first === last ? first : `${first}-${last}`;
  const values = {
    protocol: () =>
      protocol.first === protocol.last
        ? DATATYPES.inet_proto.decode(Uint8Array.of(protocol.first))
        : numbers(protocol),
    remote: () => addresses(remote, family),
    localPort: () => numbers(localPort),
    remotePort: () => numbers(remotePort),
  };
  return fields.map((field) => values[field]());
}

function addresses({ first, last }: Range<bigint>, family: Family): string {
  const size = last - first + 1n;
  const from = ipFromNumber(family, first);
  const isPrefix = (size & (size - 1n)) === 0n && first % size === 0n;
  if (!isPrefix) return `${from}-${ipFromNumber(family, last)}`;
  return prefixOf(from, (family === 4 ? 32 : 128) - (size.toString(2).length - 1));
}
