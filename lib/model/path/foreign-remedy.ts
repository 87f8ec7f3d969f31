/** How another program is told to let a packet pass, in that program's own words where they are known. */
import type { ForeignChain } from "../foreign.ts";
import { networkOfSwitch } from "./find.ts";
import type { Who } from "./foreign-chain.ts";
import type { Walk } from "./walk.ts";

/** A sentence. */
export function foreignRemedy(walk: Walk, by: Who): string {
  const { scene, in: from, out: to } = walk;
  const isSource = networkOfSwitch(scene, from) !== undefined;
  const ours = isSource ? from : networkOfSwitch(scene, to) === undefined ? undefined : to;
  if (ours === undefined) return `Change the rule in ${by.table} ${by.chain}: rules of ours cannot lift it.`;
  const side = isSource ? "iifname" : "oifname";
  const other = isSource ? "oifname" : "iifname";
  const owner = programOf(scene.host.foreign, by);
  return words[owner]({ ours, side, other, by });
}

interface Subject {
  readonly ours: string;
  readonly side: string;
  readonly other: string;
  readonly by: Who;
}

type Program = "docker" | "firewalld" | "ufw" | "other";

const words: Readonly<Record<Program, (subject: Subject) => string>> = {
  docker: ({ ours }) =>
    `Docker leaves its chain DOCKER-USER to you: \`iptables -I DOCKER-USER -i ${ours} -j ACCEPT\`, and the same with -o.`,
  firewalld: ({ ours }) =>
    `\`firewall-cmd --permanent --zone=trusted --add-interface=${ours}\`, then \`firewall-cmd --reload\`.`,
  ufw: ({ ours }) => `\`ufw route allow in on ${ours}\`, and the same with \`out on\`.`,
  other: ({ ours, side, other, by }) =>
    `Rules of ours cannot lift it; \`nft insert rule ${by.table} ${by.chain} ${side} ${ours} accept\`, and the same with ${other}.`,
};

function programOf(chains: readonly ForeignChain[], { table, chain }: Who): Program {
  const beside = chains.filter((one) => one.table === table).map((one) => one.chain);
  if (/firewalld/.test(table)) return "firewalld";
  if (beside.some((name) => /^ufw6?-/.test(name))) return "ufw";
  if (chain === "FORWARD" && beside.includes("DOCKER-USER")) return "docker";
  return "other";
}
