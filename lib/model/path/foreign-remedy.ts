/** How another program is told to let a packet pass, in that program's own words where they are known. */
import type { ForeignChain, ForeignHook } from "../foreign.ts";
import type { Scene } from "../scene.ts";
import type { Who } from "./foreign-chain.ts";

/** Where the packet met the rules. */
export interface ForeignPlace {
  readonly hook: ForeignHook;
  readonly in?: string | undefined;
  readonly out?: string | undefined;
}

/** A sentence. */
export function foreignRemedy(scene: Scene, by: Who, place: ForeignPlace): string {
  const isSource = isOurs(scene, place.in);
  const ours = isSource ? place.in : isOurs(scene, place.out) ? place.out : undefined;
  if (ours === undefined) return `Change the rule in ${by.table} ${by.chain}: rules of ours cannot lift it.`;
  return words[programOf(scene.host.foreign, by)]({ ours, isSource, by, ...place });
}

/** A switch of ours, or a port of one. */
function isOurs({ networks, endpoints }: Scene, name: string | undefined): boolean {
  return (
    networks.some((network) => network.switch.name === name) ||
    endpoints.some(({ port }) => port.name === name)
  );
}

interface Subject extends ForeignPlace {
  readonly ours: string;
  readonly isSource: boolean;
  readonly by: Who;
}

type Program = "docker" | "firewalld" | "ufw" | "other";

const words: Readonly<Record<Program, (subject: Subject) => string>> = {
  docker: ({ ours }) =>
    `Docker leaves its chain DOCKER-USER to you: \`iptables -I DOCKER-USER -i ${ours} -j ACCEPT\`, and the same with -o.`,
  firewalld: ({ ours }) =>
    `\`firewall-cmd --permanent --zone=trusted --add-interface=${ours}\`, then \`firewall-cmd --reload\`.`,
  ufw: ({ ours, hook }) =>
    hook === "forward"
      ? `\`ufw route allow in on ${ours}\`, and the same with \`out on\`.`
      : `\`ufw allow in on ${ours}\`.`,
  other: nft,
};

/** Answers come the other way, and pass the hook of forwarding too. */
function nft({ ours, isSource, by, hook }: Subject): string {
  const [side, other] = isSource ? ["iifname", "oifname"] : ["oifname", "iifname"];
  const both = hook === "forward" ? `, and the same with ${other}` : "";
  if (by.table.endsWith("(legacy)")) return legacy({ ours, isSource, by, hook });
  return `Rules of ours cannot lift it; \`nft insert rule ${by.table} ${by.chain} ${side} ${ours} accept\`${both}.`;
}

/** nft knows nothing of these. */
function legacy({ ours, isSource, by, hook }: Subject): string {
  const tool = by.table.startsWith("ip6 ") ? "ip6tables-legacy" : "iptables-legacy";
  const [side, other] = isSource ? ["-i", "-o"] : ["-o", "-i"];
  const both = hook === "forward" ? `, and the same with ${other}` : "";
  const name = by.table.split(" ")[1];
  return `Rules of ours cannot lift it; \`${tool} -t ${name} -I ${by.chain} ${side} ${ours} -j ACCEPT\`${both}.`;
}

function programOf(chains: readonly ForeignChain[], { table, chain }: Who): Program {
  const beside = chains.filter((one) => one.table === table).map((one) => one.chain);
  if (table.endsWith(" firewalld")) return "firewalld";
  if (beside.some((name) => /^ufw6?-/.test(name))) return "ufw";
  if (chain === "FORWARD" && beside.includes("DOCKER-USER")) return "docker";
  return "other";
}
