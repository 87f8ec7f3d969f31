/** Whose rules they are, and how each program is told to let a switch's packets pass. Pure. */
import type { Family } from "../../../lib/addr/ip.ts";
import type { ForeignChain } from "../../../lib/model/foreign.ts";

export interface ForeignProgram {
  /** As people know it. */
  readonly name: string;
  /** What has to be known of the commands. */
  readonly hint: string;
  /** Lets pass what comes from a switch (`in`), or goes there (`out`). */
  readonly commands: (name: string, direction: "in" | "out") => readonly string[];
}

export interface Place {
  readonly table: string;
  readonly chain: string;
}

/** @param family of the packets that are dropped */
export function programOf(
  chains: readonly ForeignChain[],
  { table, chain }: Place,
  family: Family,
): ForeignProgram {
  const beside = chains.filter((one) => one.table === table).map((one) => one.chain);
  if (table.endsWith(" firewalld")) return firewalld;
  const tool = toolOf(table, family);
  if (beside.includes("DOCKER-USER")) return docker(tool);
  if (beside.some((name) => /^ufw6?-/.test(name))) return ufw;
  const known = /^(KUBE|cali|CNI|LIBVIRT|NETAVARK)/.exec(chain)?.[1];
  if (/^ip6? filter/.test(table)) return iptables(tool, known);
  return nftables(table, chain);
}

/** Where both are installed, `iptables` may be either. */
const toolOf = (table: string, family: Family): string =>
  `${family === 4 ? "iptables" : "ip6tables"}${table.endsWith("(legacy)") ? "-legacy" : ""}`;

const lost = "such rules last until the next boot: let a unit that starts after it add them";

function docker(tool: string): ForeignProgram {
  return {
    name: "Docker",
    hint: `Docker leaves its chain DOCKER-USER to the operator; ${lost}`,
    commands: (name, direction) => [`${tool} -I DOCKER-USER ${flag(direction)} ${name} -j ACCEPT`],
  };
}

const firewalld: ForeignProgram = {
  name: "firewalld",
  hint: "put the switch into the zone of what is trusted; repeat the command with --permanent to keep it",
  // The zone holds for both directions.
  commands: (name) => [`firewall-cmd --zone=trusted --change-interface=${name}`],
};

const ufw: ForeignProgram = {
  name: "ufw",
  hint: "ufw keeps these rules",
  commands: (name, direction) => [`ufw route allow ${direction} on ${name}`],
};

function iptables(tool: string, program?: string): ForeignProgram {
  return {
    name: program === undefined ? tool : `${tool} (${program})`,
    hint: lost,
    commands: (name, direction) => [`${tool} -I FORWARD ${flag(direction)} ${name} -j ACCEPT`],
  };
}

function nftables(table: string, chain: string): ForeignProgram {
  return {
    name: `the table ${table}`,
    hint: "write the rule where that table is kept (/etc/nftables.conf), too",
    commands: (name, direction) => [
      `nft insert rule ${table} ${chain} ${direction === "in" ? "iifname" : "oifname"} ${name} accept`,
    ],
  };
}

const flag = (direction: "in" | "out"): string => (direction === "in" ? "-i" : "-o");
