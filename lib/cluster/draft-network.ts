/** What becomes of a network's record. Pure. */
import { contains, prefixAddress, prefixLength } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { formatKey } from "../directory/keys.ts";
import { formatRecord, type NetworkRecord, type VniRecord } from "../directory/records.ts";
import { absent, unchanged } from "../etcd/conditions.ts";
import type { Operation } from "../etcd/etcd.ts";
import type { Draft } from "./draft.ts";
import type { Seen } from "./seen.ts";

export interface NetworkDraft extends Draft {
  readonly record: NetworkRecord;
}

export interface NetworkKeys {
  readonly network: Seen<NetworkRecord> | undefined;
  /** Under the VNI that is wanted. */
  readonly vni: Seen<VniRecord> | undefined;
}

/** @throws {CniError} 108 when it differs, or its VNI is another network's */
export function draftNetwork(
  prefix: string,
  name: string,
  wanted: NetworkRecord,
  { network, vni }: NetworkKeys,
): NetworkDraft {
  if (vni !== undefined && vni.record.network !== name) throw vniTaken(name, wanted, vni);
  if (network !== undefined) requireSame(name, wanted, network);
  const key = formatKey(prefix, { kind: "networks", network: name });
  const parts: Draft[] = [
    network === undefined
      ? { compares: [absent(key)], writes: [put(key, formatRecord(wanted))] }
      : { compares: [unchanged(network)], writes: [] },
  ];
  if (wanted.vni !== undefined && vni === undefined) {
    const vniKey = formatKey(prefix, { kind: "vnis", vni: wanted.vni });
    parts.push({
      compares: [absent(vniKey)],
      writes: [put(vniKey, formatRecord({ v: 1, network: name } as VniRecord))],
    });
  }
  return {
    record: network?.record ?? wanted,
    compares: parts.flatMap(({ compares }) => compares),
    writes: parts.flatMap(({ writes }) => writes),
  };
}

const put = (key: string, value: string): Operation => ({ kind: "put", key, value });

function requireSame(name: string, wanted: NetworkRecord, { key, record }: Seen<NetworkRecord>): void {
  const differences = (["vni", "mode", "udpPort"] as const)
    .filter((field) => record[field] !== wanted[field])
    .map((field) => `${field} is ${record[field] ?? "none"} there, ${wanted[field] ?? "none"} here`);
  for (const family of [4, 6] as const) {
    const [there, here] = [record.blockBits[family], wanted.blockBits[family]];
    if (there !== here)
      differences.push(`blocks of IPv${family} have the length ${there} there, ${here} here`);
  }
  // It may have more: an administrator gives it room before all hosts' configurations say so.
  const outside = wanted.cidrs.filter(
    (cidr) =>
      !record.cidrs.some(
        (whole) => contains(whole, prefixAddress(cidr)) && prefixLength(whole) <= prefixLength(cidr),
      ),
  );
  if (outside.length > 0)
    differences.push(`${outside.join(", ")} of cidrs here is not within ${record.cidrs.join(", ")} there`);
  if (differences.length === 0) return;
  throw new CniError(
    errorCode.conflict,
    `network ${name} is another in the directory (${key}) than in this host's configuration: ${differences.join("; ")}`,
    {
      reason: "network-differs",
      details: `make the configuration say what the directory says, or, where all hosts shall have it as it is here, change the key's value`,
    },
  );
}

function vniTaken(name: string, { vni }: NetworkRecord, { key, record }: Seen<VniRecord>): CniError {
  return new CniError(
    errorCode.conflict,
    `VNI ${vni} of network ${name} is network ${record.network}'s by the directory (${key})`,
    { reason: "vni-taken", details: "give this network another vni on all hosts" },
  );
}
