/** What the layers of ports and switches dropped, as sets of nftables and queues count it. */
import { type Drops, notBehind } from "../model/counters.ts";
import { decodeText, readBe16, readU8 } from "../netlink/bytes.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeElements } from "../netlink/nft/element.ts";
import { decodeQdiscDrops, dumpQdiscs } from "../netlink/tc/qdisc-drops.ts";
import { isErrno } from "../os/error.ts";
import { dumpSet } from "./layout/element-requests.ts";
import type { LayoutSetName } from "./layout/sets.ts";

type Meaning = Omit<Drops, "packets" | "bytes">;

/** The sets that count, with the interface's name as key. */
const counting = {
  dropped_spoofed: { layer: "guard", direction: "Out", reason: "spoofed" },
  dropped_service: { layer: "guard", direction: "Out", reason: "service" },
  dropped_astray: { layer: "guard", direction: "Out", reason: "astray" },
  dropped_acl_out: { layer: "acl", direction: "Out" },
  dropped_acl_in: { layer: "acl", direction: "In" },
  dropped_source: { layer: "tunnel", direction: "In", reason: notBehind },
  dropped_between: { layer: "isolation", direction: "In" },
} as const satisfies Partial<Record<LayoutSetName, Meaning>>;

/** @returns by the name of the interface, only what is more than nothing; a host without our table has none */
export function observeDrops(rules: Netlink): ReadonlyMap<string, readonly Drops[]> {
  const names = Object.keys(counting) as readonly (keyof typeof counting)[];
  const all = names.flatMap((set) => countersOf(rules, set).map((one) => ({ ...one, ...counting[set] })));
  const byName = Map.groupBy(
    all.filter(({ packets }) => packets > 0),
    ({ name }) => name,
  );
  return new Map([...byName].map(([name, list]) => [name, list.map(({ name: _, ...drops }) => drops)]));
}

/** From hosts that are not of the network, or by another way than the one that encrypts. @returns by VNI */
export function observeTunnelDrops(rules: Netlink): ReadonlyMap<number, Drops> {
  const meaning = { layer: "tunnel", direction: "In", reason: "not of the network" } as const;
  return new Map(
    keyedCounters(rules, "dropped_tunnel").map(({ key, ...counted }) => [
      // The lower two bytes and the upper one, each in a register of its own.
      readBe16(key, 0) | (readU8(key, 4) << 16),
      { ...meaning, ...counted },
    ]),
  );
}

function countersOf(rules: Netlink, set: LayoutSetName) {
  return keyedCounters(rules, set).map(({ key, ...counted }) => ({ name: decodeText(key), ...counted }));
}

function keyedCounters(
  rules: Netlink,
  set: LayoutSetName,
): readonly { readonly key: Uint8Array; readonly packets: number; readonly bytes: number }[] {
  try {
    const elements = rules.request(dumpSet(set)).flatMap(decodeElements);
    return elements.map(({ key, counter }) => ({
      key,
      packets: Number(counter?.packets ?? 0n),
      bytes: Number(counter?.bytes ?? 0n),
    }));
  } catch (error) {
    // No table, no elements.
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** Packets that were too many for a rate. @returns by the index of the link */
export function observeLimitDrops(host: Netlink): ReadonlyMap<number, number> {
  const queues = host.request(dumpQdiscs()).map(decodeQdiscDrops);
  return new Map(queues.flatMap(({ index, kind, drops }) => (kind === "tbf" ? [[index, drops]] : [])));
}
