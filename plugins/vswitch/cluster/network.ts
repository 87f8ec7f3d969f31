/** `vswitch network`: how full the networks of a directory are, and what of them is kept for a purpose. */
import { networkOf, type Prefix, parsePrefix } from "../../../lib/addr/prefix.ts";
import { findNode } from "../../../lib/cluster/find-node.ts";
import { overview } from "../../../lib/cluster/overview.ts";
import { reserve, unreserve } from "../../../lib/cluster/reserve.ts";
import { type Session, UsageError } from "../terminal.ts";
import type { ClusterOptions } from "./access.ts";
import { formatFaults, formatNetworks } from "./format-cluster.ts";
import { withDirectory } from "./with-directory.ts";

export interface NetworkOptions extends ClusterOptions {
  readonly action: string;
  readonly network: string | undefined;
  readonly block: string | undefined;
  readonly node: string | undefined;
  readonly undo: boolean;
}

export async function network(options: NetworkOptions, session: Session): Promise<void> {
  const { action, network: name, node, undo, json } = options;
  if (action === "list") {
    const { networks, faults } = await withDirectory(options, session, overview);
    session.print(json ? JSON.stringify(networks, null, 2) : formatNetworks(networks));
    for (const text of formatFaults(faults)) session.complain(text);
    return;
  }
  if (name === undefined) throw new UsageError("which network? vswitch network list shows them all");
  const block = readBlock(options.block);
  const blocks = await withDirectory(options, session, async (etcd, prefix) => {
    if (undo) return unreserve(etcd, prefix, name, block);
    const uid = node === undefined ? undefined : await findNode(etcd, prefix, node);
    return reserve(etcd, prefix, name, block, uid);
  });
  const whom = node === undefined ? "addresses that are asked for" : `node ${node}`;
  const text = undo
    ? `network ${name}: ${blocks.join(", ")} is reserved no more`
    : `network ${name}: ${blocks.join(", ")} is reserved for ${whom}`;
  session.print(json ? JSON.stringify({ network: name, blocks }, null, 2) : text);
}

function readBlock(text: string | undefined): Prefix {
  const block = parsePrefix(text ?? "");
  if (block !== undefined && networkOf(block) === block) return block;
  throw new UsageError(`which block? ${text ?? "none"} is no network such as 10.40.9.0/26`);
}
