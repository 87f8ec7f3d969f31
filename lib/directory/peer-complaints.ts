/** Why a node is no peer in one network. */
import { ipFamily } from "../addr/ip.ts";
import type { Admission } from "./admit-nodes.ts";
import type { Named } from "./claim-index.ts";
import type { Complaint } from "./complaint.ts";
import type { Covered } from "./cover.ts";
import type { Known, LocalNetwork, LocalNode } from "./known.ts";
import type { SettledBlocks } from "./settle-blocks.ts";

/** What was found out before the peers of a network are made. */
export interface Findings {
  readonly admission: Admission;
  readonly blocks: SettledBlocks;
  readonly covered: Covered;
}

/** Whether packets can go to a node, and come from it. */
export function isFit(node: Named | undefined, local: LocalNode, network: LocalNetwork): boolean {
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
  const node = admission.admitted(uid);
  const said = admission.refused.get(uid) ?? admission.renamed.get(uid);
  if (said !== undefined) found.push(said);
  const hidden = covered.nodes.get(uid);
  if (hidden !== undefined) found.push(hidden);
  if (node === undefined) {
    const isHere = uid === local.uid || nodes.has(uid);
    if (!isHere && endpoints.get(network.network)?.has(uid)) found.push(unknown(uid));
    return;
  }
  if (isFit(node, local, network)) return;
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
