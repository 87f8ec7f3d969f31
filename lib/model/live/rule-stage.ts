/** Which stage of the model a rule stands for. */
import type { StageId } from "../path/trace.ts";
import type { LiveEvent, LiveHook } from "./event.ts";

/** Layer of the model to which a rule of ours, or of others, belongs. */
export function ruleStage(event: Extract<LiveEvent, { kind: "rule" }>): StageId {
  const { table, chain, layer, hook } = event;
  if (table === "bridge vswitch") {
    if (chain.startsWith("guard") || chain === "from_port") return "port.guard";
    return hook === "prerouting" ? "port.acl.out" : "port.acl.in";
  }
  if (table === "inet vswitch") {
    if (layer === "underlay") return hook === "output" ? "tunnel.encap" : "tunnel.source";
    return chain.startsWith("tunnel_") ? "tunnel.behind" : OWN[hook];
  }
  // Outer packets are never forwarded by who made them.
  if (layer === "underlay" && hook !== "forward") return `underlay.foreign.${hook}`;
  return layer === "bridge" ? `switch.foreign.${hook}` : `host.foreign.${hook}`;
}

const OWN: Readonly<Record<LiveHook, StageId>> = {
  prerouting: "host.nat.prerouting",
  input: "host.loopback",
  forward: "host.isolation",
  output: "host.nat.output",
  postrouting: "host.nat.postrouting",
};
