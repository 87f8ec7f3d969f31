/** Why a node is no peer, or a block is not routed, in one network. */
import { ipFamily } from "../addr/ip.ts";
import type { Admission, Admitted } from "./admit-nodes.ts";
import type { Complaint } from "./complaint.ts";
import type { Covered } from "./cover.ts";
import type { Known, LocalNetwork, LocalNode } from "./known.ts";
import type { Block, SettledBlocks } from "./settle-blocks.ts";

/** What was found out before the peers of a network are made. */
export interface Findings {
  readonly admission: Admission;
  readonly blocks: SettledBlocks;
  readonly covered: Covered;
}

/** Whether packets can go to a node, and come from it. */
export function isFit(node: Admitted | undefined, local: LocalNode, network: LocalNetwork): boolean {
  if (node === undefined) return false;
  const { vtep, udpPort } = node.entry.record;
  return ipFamily(vtep) === ipFamily(local.vtep) && udpPort === network.udpPort;
}

export function complainOfNode(
  found: Complaint[],
  uid: string,
  { nodes, endpoints }: Known,
  { admission, covered }: Findings,
  local: LocalNode,
  network: LocalNetwork,
): void {
  const node = admission.admitted.get(uid);
  const said = admission.refused.get(uid) ?? admission.renamed.get(uid);
  if (said !== undefined) found.push(said);
  const hidden = covered.nodes.get(uid);
  if (hidden !== undefined) found.push(hidden);
  if (uid !== local.uid && !nodes.has(uid) && endpoints.get(network.network)?.has(uid))
    found.push(unknown(uid));
  if (node === undefined || isFit(node, local, network)) return;
  const { key, record } = node.entry;
  const who = `node ${record.name} (${key})`;
  if (record.udpPort !== network.udpPort)
    found.push({
      code: "node-udp-port",
      about: key,
      text: `${who} has its tunnel on UDP port ${record.udpPort}, this host on ${network.udpPort}: it is left out`,
      remedy: `Give network ${network.network} one \`udpPort\` on all hosts.`,
    });
  if (ipFamily(record.vtep) !== ipFamily(local.vtep))
    found.push({
      code: "node-vtep-family",
      about: key,
      text: `${who} has the tunnel address ${record.vtep}, this host ${local.vtep}: one tunnel has addresses of one family, so it is left out`,
      remedy: "Give all hosts a `vtep` of one family.",
    });
}

const unknown = (uid: string): Complaint => ({
  code: "node-unknown",
  about: uid,
  text: `the directory has containers of node ${uid}, but does not know the node: they are left out`,
  remedy: "Start that node's agent; if the node is gone for good, delete the keys of its containers.",
});

export function complainOfBlock(
  found: Complaint[],
  block: Block,
  { nodes }: Known,
  { covered }: Findings,
): void {
  const { cidr, owner, entry } = block;
  if (entry === undefined) return;
  const complaint = covered.blocks.get(block);
  if (complaint !== undefined) found.push(complaint);
  const node = nodes.get(owner);
  if (node === undefined)
    found.push({
      code: "node-unknown",
      about: entry.key,
      text: `block ${cidr} is node ${owner}'s, which the directory does not know: it is not routed`,
      remedy: "Start that node's agent; if the node is gone for good, delete the block's key.",
    });
  else if (node.record.epoch !== entry.record.epoch)
    found.push({
      code: "block-epoch",
      about: entry.key,
      text: `block ${cidr} was claimed by node ${node.record.name} in epoch ${entry.record.epoch}, which is in ${node.record.epoch} now: it may have been taken from it`,
      remedy:
        "That node's agent claims it again, or lets go of it, when it is restarted; a node that is gone for good loses it when the key is deleted.",
    });
}
