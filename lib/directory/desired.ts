/**
 * Who the peers of this host are, by what a directory says: a pure function, so that the same directory gives the same peers
 * in whatever order it became known. No two peers of a network share a tunnel address, a MAC, a name or an address of theirs;
 * what contradicts that is left out and named.
 */
import type { Prefix } from "../addr/prefix.ts";
import type { Peer, RemoteEndpoint } from "../model/peer.ts";
import { type Admission, admitNodes } from "./admit-nodes.ts";
import { type Complaint, sortComplaints } from "./complaint.ts";
import { findCovered } from "./cover.ts";
import type { Host, Known, LocalNetwork, LocalNode } from "./known.ts";
import { createMemo, type Memo } from "./memo.ts";
import { cidrsOf, networkComplaints } from "./network-complaints.ts";
import { complainOfNode, type Findings, isFit } from "./peer-complaints.ts";
import { type Block, settleBlocks } from "./settle-blocks.ts";
import { settleEndpoints } from "./settle-endpoints.ts";
import { strayBlocks } from "./stray-blocks.ts";

export interface Desired {
  /** By name. */
  readonly peers: readonly Peer[];
  readonly complaints: readonly Complaint[];
}

/**
 * @param memo of the last time: peers that are the same are the same objects
 * @returns for each of the networks, by name
 */
export function desired(
  { tables: known }: { readonly tables: Known },
  local: LocalNode,
  networks: readonly LocalNetwork[],
  memo: Memo = createMemo(),
): ReadonlyMap<string, Desired> {
  const admission = memo.once("admission", [known.nodes, local], () => admitNodes(known.nodes, local, memo));
  const settled = networks.map((network) => {
    const name = network.network;
    const cidrs = cidrsOf(known, network);
    const inputs = [known.blocks.get(name), known.ips.get(name), cidrs, local, network];
    const make = () => settleBlocks(known, local, network, cidrs, memo);
    return [network, memo.once(`blocks of ${name}`, inputs, make)] as const;
  });
  const routed = settled.filter(([network]) => network.mode === "routed");
  const isRouted = (block: Block): boolean => {
    const { owner } = block;
    if (owner === local.uid) return true;
    const node = admission.admitted(owner);
    return routed.some(([network, { blocks }]) => isFit(node, local, network) && blocks.includes(block));
  };
  const covered = findCovered(
    routed.map(([, { blocks }]) => blocks),
    isRouted,
    known.nodes,
    admission,
    local.uid,
    memo,
  );
  return new Map(
    settled.map(([network, blocks]) => [
      network.network,
      desiredOf(known, local, network, { admission, blocks, covered }, memo),
    ]),
  );
}

function desiredOf(
  known: Known,
  local: LocalNode,
  network: LocalNetwork,
  findings: Findings,
  memo: Memo,
): Desired {
  const { admission, blocks, covered } = findings;
  const complaints = [...networkComplaints(known, local, network), ...admission.ours, ...blocks.complaints];
  const behind =
    network.mode === "routed"
      ? routedBehind(network.network, findings, memo)
      : endpointsBehind(known, local, network, findings, complaints);
  if (covered.blocks.size > 0)
    complaints.push(...blocks.blocks.flatMap((block) => covered.blocks.get(block) ?? []));
  const stray = memo.gather(`stray in ${network.network}`, known.nodes, blocks, () =>
    strayBlocks(blocks.blocks),
  );
  complaints.push(...stray.complaints());
  const peers: Peer[] = [];
  const peer = `peer of ${network.network}`;
  for (const [uid] of participants(known, network, admission, memo)) {
    const node = admission.admitted(uid);
    complainOfNode(complaints, uid, known, findings, local, network);
    const what = behind.get(uid);
    if (what === undefined || node === undefined) continue;
    if (covered.nodes.has(uid) || !isFit(node, local, network)) continue;
    peers.push(memo.each(peer, node, () => peerOf(node.name, node.entry.record, what), what));
  }
  return { peers, complaints: sortComplaints(complaints) };
}

type Participants = readonly (readonly [uid: string, name: string])[];

/** Nodes that have something in the network, by name: while they are the same under the same names they are in order. */
function participants(
  known: Known,
  { network }: LocalNetwork,
  { admitted }: Admission,
  memo: Memo,
): Participants {
  const [blocks, endpoints, ips] = [known.blocks, known.endpoints, known.ips].map((all) => all.get(network));
  const uids = memo.once(`participants of ${network}`, [blocks, endpoints, ips], () =>
    participantsOf(known, network),
  );
  const nameOf = (uid: string): string => admitted(uid)?.name ?? uid;
  return memo.stays<{ readonly of: ReadonlySet<string>; readonly named: Participants }>(
    `order of ${network}`,
    ({ of, named }) => of === uids && named.every(([uid, name]) => nameOf(uid) === name),
    () => {
      const named = [...uids].map((uid) => [uid, nameOf(uid)] as const);
      return { of: uids, named: named.sort(([, a], [, b]) => (a < b ? -1 : 1)) };
    },
  ).named;
}

function participantsOf({ blocks, endpoints, ips }: Known, network: string): ReadonlySet<string> {
  const all = new Set<string>(endpoints.get(network)?.keys());
  for (const { record } of blocks.get(network)?.values() ?? [])
    if (record.owner !== undefined) all.add(record.owner);
  for (const { record } of ips.get(network)?.values() ?? []) all.add(record.node);
  return all;
}

type Behind = Pick<Peer, "subnets" | "endpoints">;

const peerOf = (node: string, { vtep, mac, mtu }: Host, what: Behind): Peer => ({
  ...{ node, vtep, mac, ...what },
  ...(mtu === undefined ? {} : { mtu }),
});

/** What is left of one owner's is the same object, where it is the same. */
function routedBehind(
  network: string,
  { blocks, covered }: Findings,
  memo: Memo,
): ReadonlyMap<string, Behind> {
  const kept = covered.blocks.size === 0 ? "all" : covered;
  return memo.once<ReadonlyMap<string, Behind>>(`behind in ${network}`, [blocks, kept], (before) => {
    const found = byOwner(blocks.blocks.filter((block) => !covered.blocks.has(block)));
    for (const [uid, was] of before ?? [])
      if (found.get(uid)?.subnets.join() === was.subnets.join()) found.set(uid, was);
    return found;
  });
}

function byOwner(blocks: readonly Block[]): Map<string, Behind> {
  const subnets = new Map<string, Prefix[]>();
  for (const { owner, cidr } of blocks) {
    const list = subnets.get(owner);
    if (list === undefined) subnets.set(owner, [cidr]);
    else list.push(cidr);
  }
  return new Map([...subnets].map(([uid, list]) => [uid, { subnets: list, endpoints: [] }]));
}

/** A node that has a block, and no container yet, is a peer: what its first one sends must be let in. */
function endpointsBehind(
  known: Known,
  local: LocalNode,
  network: LocalNetwork,
  { admission, blocks, covered }: Findings,
  complaints: Complaint[],
): ReadonlyMap<string, Behind> {
  const said = [...(known.endpoints.get(network.network) ?? [])].filter(
    ([uid]) =>
      uid === local.uid || (!covered.nodes.has(uid) && isFit(admission.admitted(uid), local, network)),
  );
  const settled = settleEndpoints(
    said.map(([uid, entries]) => [uid, entries.values()] as const),
    {
      cidrs: cidrsOf(known, network),
      gateways: network.gateways,
      macs: {
        has: (mac) => mac === network.mac || mac === local.mac || admission.macs.has(mac),
      },
    },
  );
  complaints.push(...settled.complaints);
  const members = new Set([...blocks.blocks.map(({ owner }) => owner), ...said.map(([uid]) => uid)]);
  const none: readonly RemoteEndpoint[] = [];
  return new Map(
    [...members].map((uid) => [uid, { subnets: [], endpoints: settled.endpoints.get(uid) ?? none }]),
  );
}
