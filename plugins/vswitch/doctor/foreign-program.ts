/** Whose rules they are, in words for people. Pure. */
import type { ForeignChain } from "../../../lib/model/foreign.ts";
import type { Who } from "../../../lib/model/path/foreign-chain.ts";
import { type ForeignProgram, programOf } from "../../../lib/model/path/foreign-remedy.ts";

export interface NamedProgram extends Pick<ForeignProgram, "command"> {
  /** As people know it. */
  readonly name: string;
  /** What has to be known of the command. */
  readonly hint: string;
}

/** Of rules that drop what is forwarded. */
export function namedProgram(chains: readonly ForeignChain[], by: Who): NamedProgram {
  const { id, tool, command } = programOf(chains, by, "forward");
  return { name: nameOf(id, by, tool), hint: hints[id], command };
}

const lost = "such rules last until the next boot: let a unit that starts after it add them";

const hints: Readonly<Record<ForeignProgram["id"], string>> = {
  docker: `Docker leaves its chain DOCKER-USER to the operator; ${lost}`,
  firewalld:
    "put the switch into the zone of what is trusted; repeat the command with --permanent to keep it",
  ufw: "ufw keeps these rules",
  iptables: lost,
  nftables: "write the rule where that table is kept (/etc/nftables.conf), too",
};

function nameOf(id: ForeignProgram["id"], { table, chain }: Who, tool: string): string {
  if (id === "docker") return "Docker";
  if (id === "nftables") return `the table ${table}`;
  const known = /^(KUBE|cali|CNI|LIBVIRT|NETAVARK)/.exec(chain)?.[1];
  return id === "iptables" && known !== undefined ? `${tool} (${known})` : tool;
}
