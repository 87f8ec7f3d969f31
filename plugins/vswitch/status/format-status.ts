/** `vswitch status` for people: what is wrong first, then a line for each network. Pure. */
import { formatAge, plural } from "../format.ts";
import type { DatedComplaint } from "./agent-status.ts";
import type { AgentView, DirectoryView, NetworkView, OverlayView, StatusView } from "./view.ts";

/** @param nowMs milliseconds since 1970 */
export function formatStatus(view: StatusView, nowMs: number): string {
  const { networks, directories, agent, complaints, degraded } = view;
  const all = [
    ...complaints,
    ...directories.flatMap((one) => one.complaints),
    ...networks.flatMap((one) => one.complaints),
  ];
  return [
    degraded ? "degraded" : "all is well",
    ...all.map((complaint) => complaintWords(complaint, nowMs)),
    "",
    `agent: ${agentWords(agent, nowMs)}`,
    ...directories.map((one) => directoryWords(one, nowMs)),
    ...networks.flatMap((network) => networkWords(network, nowMs)),
    ...(networks.length === 0 ? ["no network is known: the first ADD defines one"] : []),
  ].join("\n");
}

const ago = (ms: number, nowMs: number): string => formatAge(nowMs - ms);

const complaintWords = ({ code, text, remedy, sinceMs }: DatedComplaint, nowMs: number): string =>
  `  for ${ago(sinceMs, nowMs)}: ${text} [${code}]\n    ${remedy}`;

function agentWords(agent: AgentView, nowMs: number): string {
  switch (agent.state) {
    case "running":
      return `runs for ${ago(agent.startedMs, nowMs)}, process ${agent.pid}, version ${agent.version}`;
    case "starting":
      return "it has begun";
    case "absent":
      return agent.needed
        ? "none runs: this host learns of no other, and no other of it; systemctl start vswitch-agent"
        : "none runs; nothing here needs one";
  }
}

function directoryWords(directory: DirectoryView, nowMs: number): string {
  const { type, endpoints, prefix, link, sinceMs, endpoint, revision, listedMs, node, networks } = directory;
  const where = `directory ${type} ${endpoints.join(", ")}${prefix}`;
  const how = {
    up: `connected to ${endpoint ?? "it"} for ${ago(sinceMs, nowMs)}`,
    away: `away for ${ago(sinceMs, nowMs)}`,
    connecting: `not reached yet, for ${ago(sinceMs, nowMs)}`,
    unknown: "nobody has an eye on it",
  }[link];
  const listed = listedMs === undefined ? "never listed" : `listed ${ago(listedMs, nowMs)} ago`;
  const who = `this host is ${node.name} (${node.uid})${node.vtep === undefined ? "" : ` at ${node.vtep}`}`;
  return `${where}: ${how}; revision ${revision}, ${listed}; ${who}; networks ${networks.join(", ")}`;
}

function networkWords(network: NetworkView, nowMs: number): readonly string[] {
  const { name, kind, mode, subnets, endpoints, overlay } = network;
  const what = kind === mode ? kind : `${kind} (${mode})`;
  const parts = [`network ${name}: ${what}`, ...(subnets.length > 0 ? [subnets.join(" ")] : [])];
  parts.push(plural(endpoints, "endpoint"));
  if (overlay === undefined) return [parts.join(", ")];
  return [[...parts, ...overlayWords(overlay, nowMs)].join(", "), ...blockWords(overlay, nowMs)];
}

function overlayWords(
  { vni, vtep, uplink, peers, savedMs, directory }: OverlayView,
  nowMs: number,
): string[] {
  const when =
    savedMs === undefined || directory === "static" ? "" : ` (written down ${ago(savedMs, nowMs)} ago)`;
  return [`VNI ${vni} from ${vtep} on ${uplink}`, `${plural(peers, "other host")}${when}`];
}

const blockWords = ({ blocks }: OverlayView, nowMs: number): readonly string[] =>
  blocks.map(({ prefix, used, size, lostMs }) => {
    const lost = lostMs === undefined ? "" : `, taken from this host ${ago(lostMs, nowMs)} ago`;
    return `  block ${prefix}: ${used} of ${size} addresses in use${lost}`;
  });
