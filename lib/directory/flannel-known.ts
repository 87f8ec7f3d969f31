/** Leases of flannel in the words of our own directory: a host is its address, its subnets are its blocks. */
import type { Family } from "../addr/ip.ts";
import type { Complaint } from "./complaint.ts";
import { emptyTables } from "./directory.ts";
import type { FlannelTables } from "./flannel.ts";
import { configComplaints, leaseComplaint, oldLease, sharedSubnet } from "./flannel-complaints.ts";
import type { FlannelConfig } from "./flannel-config.ts";
import type { FlannelLease, FlannelTunnel } from "./flannel-lease.ts";
import { spellPrefix } from "./keys.ts";
import type { Host, Known, LocalNetwork } from "./known.ts";
import { defaultBlockBits } from "./parse-records.ts";
import type { BlockRecord, NetworkRecord } from "./records.ts";
import { compareRevisions } from "./revision.ts";
import type { Entry } from "./state.ts";

export interface FlannelKnown {
  readonly known: Known;
  readonly complaints: readonly Complaint[];
}

/** What VXLAN adds to a packet as flannel counts it, over IPv6 too; in bytes. */
const flannelOverhead = 50;

/** @param family of this host's tunnel: each family of a flannel network has tunnels of its own */
export function flannelKnown(
  { config: configs, subnets }: FlannelTables,
  family: Family,
  network: LocalNetwork,
): FlannelKnown {
  const config = configs.get("config");
  const complaints: Complaint[] = config === undefined ? [] : [...configComplaints(config, family)];
  const nodes = new Map<string, Entry<Host>>();
  const blocks = new Map<string, Entry<BlockRecord>>();
  const mtu = config?.record.underlayMtu;
  const leases = [...subnets.values()].flatMap((entry) => {
    const complaint = leaseComplaint(entry, family, network);
    if (complaint !== undefined) complaints.push(complaint);
    const tunnel = entry.record.tunnels[family];
    return complaint !== undefined || tunnel === undefined ? [] : [{ entry, tunnel }];
  });
  for (const { entry, tunnel } of leases.toSorted(newestFirst)) {
    const { key, createRevision, modRevision } = entry;
    const { vtep, mac } = tunnel;
    const known = nodes.get(vtep);
    if (known !== undefined && known.record.mac !== mac) {
      complaints.push(oldLease(entry, known));
      continue;
    }
    const first = known === undefined || compareRevisions(createRevision, known.createRevision) < 0;
    nodes.set(vtep, {
      key: known?.key ?? key,
      modRevision: known?.modRevision ?? modRevision,
      createRevision: first ? createRevision : known.createRevision,
      record: {
        uid: vtep,
        name: vtep,
        epoch: 0,
        vtep,
        mac,
        udpPort: network.udpPort,
        ...(mtu === undefined ? {} : { mtu: mtu - flannelOverhead }),
      },
    });
  }
  for (const { entry, tunnel } of leases.toSorted(oldestFirst)) {
    const cidr = entry.record.subnets[family];
    if (cidr === undefined || nodes.get(tunnel.vtep)?.record.mac !== tunnel.mac) continue;
    const name = spellPrefix(cidr);
    const other = blocks.get(name);
    if (other === undefined) blocks.set(name, { ...entry, record: { v: 1, owner: tunnel.vtep, epoch: 0 } });
    else if (other.record.owner !== tunnel.vtep) complaints.push(sharedSubnet(entry, other));
  }
  return {
    known: {
      ...emptyTables,
      networks: new Map(config && [[network.network, { ...config, record: networkRecord(config.record) }]]),
      nodes,
      blocks: new Map([[network.network, blocks]]),
    },
    complaints,
  };
}

interface Usable {
  readonly entry: Entry<FlannelLease>;
  readonly tunnel: FlannelTunnel;
}

const newestFirst = (a: Usable, b: Usable): number =>
  compareRevisions(b.entry.modRevision, a.entry.modRevision) || (a.entry.key < b.entry.key ? -1 : 1);

const oldestFirst = (a: Usable, b: Usable): number =>
  compareRevisions(a.entry.createRevision, b.entry.createRevision) || (a.entry.key < b.entry.key ? -1 : 1);

function networkRecord({ pools, vni, udpPort }: FlannelConfig): NetworkRecord {
  const cidrs = [pools[4], pools[6]].flatMap((pool) => pool?.network ?? []);
  const blockBits = {
    4: pools[4]?.subnetLen ?? defaultBlockBits[4],
    6: pools[6]?.subnetLen ?? defaultBlockBits[6],
  };
  return { v: 1, vni, mode: "routed", cidrs, blockBits, udpPort };
}
