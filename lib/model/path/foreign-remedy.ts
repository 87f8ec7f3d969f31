/** How another program is told to let a packet pass, in that program's own words where they are known. */
import type { ForeignChain, ForeignHook } from "../foreign.ts";
import type { Scene } from "../scene.ts";
import { networkOfSwitch } from "./find.ts";
import type { Who } from "./foreign-chain.ts";
import { networkOfTunnel } from "./remote.ts";

/** Where the packet met the rules. */
export interface ForeignPlace {
  readonly hook: ForeignHook;
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  /** Where it is a tunnel's, on the underlay. */
  readonly udpPort?: number | undefined;
}

/** A sentence. */
export function foreignRemedy(scene: Scene, by: Who, place: ForeignPlace): string {
  if (place.udpPort !== undefined) {
    const { id, open } = programOf(scene.host.foreign, by, place.hook);
    const { before, kept = "" } = words[id];
    return `${before}\`${open(place.udpPort)}\`${kept}, on each host of the network.`;
  }
  const isSource = isOurs(scene, place.in);
  const ours = isSource ? place.in : isOurs(scene, place.out) ? place.out : undefined;
  if (ours === undefined) return `Change the rule in ${by.table} ${by.chain}: rules of ours cannot lift it.`;
  const { id, command } = programOf(scene.host.foreign, by, place.hook);
  const [direction, other] = isSource ? (["in", "out"] as const) : (["out", "in"] as const);
  const { before, again } = words[id];
  // Answers come the other way, and pass the hook of forwarding too.
  const both = id === "firewalld" || place.hook === "forward" ? `, and the same with ${again(other)}` : "";
  return `${before}\`${command(ours, direction)}\`${both}.`;
}

/** A switch of ours, a port or tunnel of one. */
function isOurs(scene: Scene, name: string | undefined): boolean {
  const isOfNetwork = networkOfSwitch(scene, name) ?? networkOfTunnel(scene, name);
  return isOfNetwork !== undefined || scene.endpoints.some(({ port }) => port.name === name);
}

type Direction = "in" | "out";

export interface ForeignProgram {
  /** Those of no program that is known are told apart by what writes them. */
  readonly id: "docker" | "firewalld" | "ufw" | "iptables" | "nftables";
  /** The command by which it is told. */
  readonly tool: string;
  /** Lets pass what comes from an interface (`in`), or goes there (`out`). */
  readonly command: (name: string, direction: Direction) => string;
  /** Lets pass what is for a UDP port, as packets of tunnels are in both directions. */
  readonly open: (udpPort: number) => string;
}

interface Words {
  readonly before: string;
  /** What to put into the same command once more. */
  readonly again: (other: Direction) => string;
  /** What makes it last. */
  readonly kept?: string;
}

const flag = (direction: Direction): string => (direction === "in" ? "-i" : "-o");
const side = (direction: Direction): string => (direction === "in" ? "iifname" : "oifname");

const words: Readonly<Record<ForeignProgram["id"], Words>> = {
  docker: { before: "Docker leaves its chain DOCKER-USER to you: ", again: flag },
  // The zone holds for both directions.
  firewalld: {
    before: "",
    again: () => "--permanent to keep it",
    kept: ", and the same with --permanent to keep it",
  },
  ufw: { before: "", again: (other) => `\`${other} on\`` },
  iptables: { before: "Rules of ours cannot lift it; ", again: flag },
  nftables: { before: "Rules of ours cannot lift it; ", again: side },
};

/** @param by whose the rules are. @param hook where they dropped */
export function programOf(chains: readonly ForeignChain[], by: Who, hook: ForeignHook): ForeignProgram {
  const { table, chain } = by;
  const beside = chains.filter((one) => one.table === table);
  if (table.endsWith(" firewalld")) return firewalld;
  const iptables = iptablesOf(by, beside, hook);
  if (iptables === undefined) return nftables(by);
  const hasDocker = hook === "forward" && beside.some((one) => one.chain === "DOCKER-USER");
  const docker = insertedBy("docker", iptables, "DOCKER-USER");
  if (hasDocker && chain.startsWith("DOCKER")) return docker;
  // Both set the policy; what ufw is told outlives the next boot.
  if (beside.some((one) => /^ufw6?-/.test(one.chain))) return ufw(hook);
  return hasDocker ? docker : insertedBy("iptables", iptables, hook.toUpperCase());
}

const firewalld: ForeignProgram = {
  id: "firewalld",
  tool: "firewalld",
  command: (name) => `firewall-cmd --zone=trusted --change-interface=${name}`,
  open: (udpPort) => `firewall-cmd --add-port=${udpPort}/udp`,
};

const ufw = (hook: ForeignHook): ForeignProgram => ({
  id: "ufw",
  tool: "ufw",
  command: (name, direction) => `ufw ${hook === "forward" ? "route " : ""}allow ${direction} on ${name}`,
  open: (udpPort) => `ufw allow ${hook === "output" ? "out " : ""}${udpPort}/udp`,
});

const nftables = ({ table, chain }: Who): ForeignProgram => ({
  id: "nftables",
  tool: "nft",
  command: (name, direction) => `nft insert rule ${table} ${chain} ${side(direction)} ${name} accept`,
  open: (udpPort) => `nft insert rule ${table} ${chain} udp dport ${udpPort} accept`,
});

const insertedBy = (id: ForeignProgram["id"], { tool, option }: Iptables, chain: string): ForeignProgram => ({
  id,
  tool,
  command: (name, direction) => `${tool}${option} -I ${chain} ${flag(direction)} ${name} -j ACCEPT`,
  open: (udpPort) => `${tool}${option} -I ${chain} -p udp --dport ${udpPort} -j ACCEPT`,
});

interface Iptables {
  readonly tool: string;
  /** Names the table, where it is not the usual one. */
  readonly option: string;
}

const tools: Readonly<Record<string, string>> = {
  ip: "iptables",
  ip6: "ip6tables",
  arp: "arptables",
  bridge: "ebtables",
};

/**
 * The iptables in whose table the packet was dropped: its chains at the hooks are called as the hooks are. nft knows
 * nothing of legacy tables.
 */
function iptablesOf(by: Who, beside: readonly ForeignChain[], hook: ForeignHook): Iptables | undefined {
  const [family = "", table = "", legacy] = by.table.split(" ");
  const tool = tools[family];
  if (tool === undefined) return undefined;
  const option = table === "filter" ? "" : ` -t ${table}`;
  if (legacy !== undefined) return { tool: `${tool}-legacy`, option };
  const isKnown = /^(filter|nat|mangle|raw|security|broute)$/.test(table);
  const atHook = beside.find(({ base, chain }) => base?.hook === hook && chain === hook.toUpperCase());
  const own = beside.find(({ base, chain }) => base !== undefined && chain === by.chain) ?? atHook;
  return isKnown && atHook !== undefined && own === atHook ? { tool, option } : undefined;
}
