/** `vswitch node`: the hosts of a directory, and an administrator's word that one is gone. */
import { findNode } from "../../../lib/cluster/find-node.ts";
import { overview } from "../../../lib/cluster/overview.ts";
import { removeNode } from "../../../lib/cluster/remove-node.ts";
import { type Session, UsageError } from "../terminal.ts";
import type { ClusterOptions } from "./access.ts";
import { formatFaults, formatNodes } from "./format-cluster.ts";
import { withDirectory } from "./with-directory.ts";

export interface NodeOptions extends ClusterOptions {
  readonly action: string;
  readonly node: string | undefined;
  readonly yes: boolean;
  readonly force: boolean;
}

export async function node(options: NodeOptions, session: Session): Promise<void> {
  const { action, node: called, yes, force, json } = options;
  if (action === "list") {
    const { nodes, faults } = await withDirectory(options, session, overview);
    session.print(json ? JSON.stringify(nodes, null, 2) : formatNodes(nodes, Date.now()));
    for (const text of formatFaults(faults)) session.complain(text);
    return;
  }
  if (called === undefined) throw new UsageError("which node? vswitch node list shows them all");
  if (!yes)
    throw new UsageError(
      `removing ${called} gives its addresses to other hosts: stop its containers first, then say --yes`,
    );
  const removed = await withDirectory(options, session, async (etcd, prefix) =>
    removeNode(etcd, prefix, await findNode(etcd, prefix, called), { force }),
  );
  const { name, blocks, kept } = removed;
  const reserved = kept.length === 0 ? "" : `; reserved for it, and kept: ${kept.join(", ")}`;
  const text = `node ${name} is removed, its ${blocks.length} blocks are free: ${blocks.join(", ") || "none"}${reserved}`;
  session.print(json ? JSON.stringify(removed, null, 2) : text);
}
