/** Who this host is in a directory: the same after a restart, a new address or a new name. */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import { digest } from "../model/owner.ts";
import { vtepMac } from "../model/vtep.ts";
import { isName } from "./keys.ts";
import { defaultUdpPort } from "./parse-records.ts";
import type { NodeRecord } from "./records.ts";

/** Bytes of text that a name of a node has at most. */
const longestName = 253;

/**
 * The machine's id itself is not told to others (machine-id(5)). Two folders of state on one machine are two hosts, as they
 * are in tests.
 *
 * @param machineId the text of /etc/machine-id
 * @param dataDir where this host's state is
 * @returns 32 hex digits, or undefined where the machine has no id (yet): an image before its first boot
 */
export function nodeUid(machineId: string, dataDir: string): string | undefined {
  const id = machineId.trim().toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(id) || /^0+$/.test(id)) return undefined;
  return digest("node", id, dataDir).slice(0, 32);
}

/** The host's name as far as it is letters, digits and any of `_.-`; its uid where nothing is left. */
export function nodeName(hostname: string, uid: string): string {
  const name = hostname
    .trim()
    .replace(/[^a-zA-Z0-9_.-]+/g, "-")
    .replace(/^[^a-zA-Z0-9]+/, "")
    .slice(0, longestName);
  return isName(name) ? name : uid;
}

/** What a host knows of itself. */
export interface Identity
  extends Omit<NodeRecord, "v" | "other" | "vtep" | "mac" | "mtu" | "udpPort" | "epoch"> {
  /** Absent: it is in no overlay network, as far as it knows. */
  readonly tunnel?: {
    readonly vtep: Ip;
    /** Absent: it follows from the address on the underlay. */
    readonly mac?: Mac;
    readonly mtu: number;
    readonly udpPort: number;
  };
}

/**
 * This host's record, on the grounds of the one that stands there: an administrator's epoch, what others know, and a tunnel
 * that the host does not speak of, stay.
 */
export function nodeRecord({ tunnel, ...rest }: Identity, before?: NodeRecord): NodeRecord {
  const own = tunnel && { ...tunnel, mac: tunnel.mac ?? vtepMac(tunnel.vtep) };
  return { udpPort: defaultUdpPort, epoch: 0, ...before, ...rest, ...own, v: 1 };
}

/** In whatever order their fields were written. */
export function isSameRecord(a: NodeRecord, b: NodeRecord): boolean {
  const sorted = (record: NodeRecord) =>
    JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}
