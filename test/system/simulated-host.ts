/** Hosts that are in a directory, and nowhere else. */
import { ipFromNumber, ipNumber, parseIp } from "../../lib/addr/ip.ts";
import type { Etcd, Operation } from "../../lib/etcd/etcd.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** What all keys of the directory begin with. */
export const prefix = "/vswitch";

export interface SimulatedHost {
  readonly uid: string;
  readonly vtep: string;
  readonly subnet: string;
  readonly node: JsonObject;
}

/** Host `number` of up to 65 000, with a /24 of 10.40.0.0/16 while there are any. */
export function simulatedHost(number: number, over: JsonObject = {}): SimulatedHost {
  const [high, low] = [number >> 8, number & 255];
  const uid = `simulated-${number}`;
  const vtep = `198.18.${high}.${low}`;
  const mac = `0e:2a:c6:12:${hex(high)}:${hex(low)}`;
  const node = { v: 1, uid, name: uid, epoch: 0, vtep, mac, mtu: 1450, udpPort: 4789 };
  return { uid, vtep, subnet: `10.40.${number}.0/24`, node: { ...node, platform: "linux", ...over } };
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** Addresses of a network that holds the blocks of `crowd`. */
export const crowdCidr = "10.64.0.0/10";

/** So many hosts, each with a block of 64 addresses. */
export function crowd(count: number): readonly SimulatedHost[] {
  const first = ipNumber(parseIp("10.64.16.0") as NonNullable<ReturnType<typeof parseIp>>);
  return Array.from({ length: count }, (_, i) => {
    const subnet = `${ipFromNumber(4, first + BigInt(i * 64))}/26`;
    return { ...simulatedHost(i + 1), subnet };
  });
}

/** What it has in the directory. */
export function puts({ uid, subnet, node }: SimulatedHost, network = "blue") {
  const block = subnet.replace("/", "-");
  const records: readonly (readonly [string, JsonObject])[] = [
    [`nodes/${uid}`, node],
    [`blocks/${network}/${block}`, { v: 1, owner: uid, epoch: 0 }],
    [`owned/${uid}/${network}/${block}`, { v: 1 }],
  ];
  return records.map(([key, record]) => ({
    kind: "put" as const,
    key: `${prefix}/v1/${key}`,
    value: JSON.stringify(record),
  }));
}

/** In as few transactions as etcd takes. */
export async function bringIn(client: Etcd, hosts: readonly SimulatedHost[]): Promise<void> {
  const operations: Operation[] = hosts.flatMap((host) => puts(host));
  for (let at = 0; at < operations.length; at += 120) await client.txn([], operations.slice(at, at + 120));
}
