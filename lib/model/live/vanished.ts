/** Why a live probe was not seen any more: what comes next at the place that saw it last. */
import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { formatOwner } from "../owner.ts";
import type { StageId } from "../path/trace.ts";
import { isVmPlan } from "../vm-nic.ts";
import type { LiveEvent } from "./event.ts";
import { formatError } from "./icmp-error.ts";
import type { LiveScope } from "./live.ts";
import { placeOf, type Step } from "./place.ts";

interface Next {
  /** Stages of the model that may have it. */
  readonly stages: readonly StageId[];
  readonly hint: string;
}

const onSwitch: Next = {
  stages: ["switch.forward"],
  hint: "the switch gave it to no port: nobody has the MAC, or both ports are isolated",
};
const inRules = (where: string, stages: readonly StageId[]): Next => ({
  stages,
  hint: `rules ${where} that nf_tables tells nothing of: legacy iptables, ebtables, or a BPF program`,
});
const guarding: readonly StageId[] = ["port.guard", "port.acl.out", "switch.foreign.prerouting"];
const towardsPort: readonly StageId[] = [
  "switch.foreign.forward",
  "switch.foreign.output",
  "switch.foreign.postrouting",
  "port.acl.in",
];
const noWayOut: Next = {
  stages: ["underlay.neighbour"],
  hint: "the interface to the other host is down, its queue is full, or the next hop does not answer",
};
const forwarding: readonly StageId[] = ["host.foreign.forward", "host.isolation"];

/** By the last place that saw it. */
const NEXT: Partial<Record<Step, Next>> = {
  "vnic out": { stages: ["port.out"], hint: "the host's end of the vNIC is down, or gone" },
  "port in": {
    stages: ["port.qos.out", "port.out", ...guarding],
    hint: "it waits or was dropped by the limit of the port (QOS), or the port is on no switch",
  },
  "bridge prerouting first": inRules("of the switch", guarding),
  "bridge prerouting rule": inRules("of the switch", guarding),
  "bridge prerouting last": onSwitch,
  "bridge input last": { stages: ["host.arrival"], hint: "the host's interface on the switch is down" },
  "bridge forward last": onSwitch,
  "switch in": { stages: ["host.arrival"], hint: "the host does not take packets of this kind there" },
  "host prerouting first": inRules("at prerouting", ["host.foreign.prerouting", "host.nat.prerouting"]),
  "host prerouting last": {
    stages: ["host.route", "host.arrival", "host.ttl", "host.mtu"],
    hint: "the host has no route for it, does not forward, or does not believe its source (rp_filter)",
  },
  "host input first": inRules("at input", ["host.foreign.input", "host.loopback", "host.input"]),
  "host forward first": inRules("at forward", forwarding),
  "host forward rule": inRules("at forward", forwarding),
  "host forward last": {
    stages: ["host.mtu", "host.foreign.postrouting"],
    hint: "it is too big for the way out",
  },
  "host postrouting first": inRules("at postrouting", ["host.foreign.postrouting", "host.nat.postrouting"]),
  "host postrouting last": {
    stages: ["host.neighbour"],
    hint: "the interface is down, its queue is full, or the next hop does not answer",
  },
  "switch out": onSwitch,
  "bridge output last": onSwitch,
  "bridge input first": inRules("of the switch", ["switch.foreign.input"]),
  "bridge forward first": inRules("of the switch", towardsPort),
  "bridge output first": inRules("of the switch", towardsPort),
  "bridge postrouting first": inRules("of the switch", towardsPort),
  "bridge postrouting last": {
    stages: ["port.qos.in", "port.in"],
    hint: "it waits or was dropped by the limit of the port (QOS), or the port is down",
  },
  "tunnel out": {
    stages: ["tunnel.vtep", "underlay.route", "tunnel.encap"],
    hint: "no row tells behind which host its MAC is, the host has no route there or not the tunnel's own address, or it is too big for the underlay",
  },
  "underlay output first": inRules("at output", ["underlay.foreign.output"]),
  "underlay output last": noWayOut,
  "underlay postrouting first": inRules("at postrouting", ["underlay.foreign.postrouting"]),
  "underlay postrouting last": noWayOut,
  "underlay in": {
    stages: ["tunnel.source", "underlay.arrival", "underlay.foreign.prerouting"],
    hint: "the host does not have the address that it was sent to, does not believe its source (rp_filter), or rules that nf_tables tells nothing of",
  },
  "underlay prerouting first": inRules("at prerouting", ["tunnel.source", "underlay.foreign.prerouting"]),
  "underlay prerouting last": {
    stages: ["underlay.arrival"],
    hint: "the host does not have the address that it was sent to, or does not believe its source (rp_filter)",
  },
  "underlay input first": inRules("at input", ["underlay.foreign.input"]),
  "underlay input last": {
    stages: ["tunnel.in"],
    hint: "no tunnel of this host takes it: its VNI or UDP port is another, or the tunnel is down",
  },
  "tunnel in": {
    stages: ["tunnel.in", "tunnel.behind", "host.arrival", "switch.forward"],
    hint: "the frame inside is for another MAC than this host's tunnel has, or none of its switch",
  },
  "port out": { stages: ["vnic"], hint: "the vNIC of the container is down, or gone" },
};

const nowhere: Next = {
  stages: ["vnic.route", "vnic.neighbour"],
  hint: "the compartment did not send it: its vNIC is down, or rules inside it drop it",
};

/** Of a probe that another host sends. */
const noSign: Next = {
  stages: [],
  hint: "nothing of it came to this host: look where the sender's host saw it last, and for what lies between, such as a firewall of the network that stops VXLAN",
};

/** @param events in the order of the path */
export function whyVanished(events: readonly LiveEvent[], request: LiveScope): Next {
  const error = events.find((event) => event.kind === "error");
  const said = error === undefined ? "" : `${error.from} answered ${formatError(error)}`;
  const unsent = events.find((event) => event.kind === "unsent");
  if (unsent)
    return { stages: ["vnic.route"], hint: `the compartment has no route for it (${unsent.errno})` };
  const seen = events.filter(({ kind }) => kind !== "neighbour" && kind !== "error");
  const last = seen.at(-1);
  const step = last && placeOf(last, request).step;
  const asked = unanswered(events);
  const stage = stageOfAsking(step);
  if (asked !== undefined && stage !== undefined) {
    return {
      stages: [stage],
      hint: `nobody answers who has ${asked.target}${guestAt(asked.target, request)}`,
    };
  }
  const unseen = request.from === undefined ? noSign : nowhere;
  const next =
    step === undefined ? unseen : (NEXT[step] ?? { stages: [], hint: "nothing is known of the reason" });
  return said === "" ? next : { ...next, hint: `${said}; ${next.hint}` };
}

/** Who asks, after the last place that saw the packet. */
function stageOfAsking(step: Step | undefined): StageId | undefined {
  if (step === undefined) return "vnic.neighbour";
  if (step.startsWith("host postrouting")) return "host.neighbour";
  return step.startsWith("underlay postrouting") || step === "tunnel out" ? "underlay.neighbour" : undefined;
}

/** Nothing of the host answers in the place of a guest. */
function guestAt(address: Ip, { endpoints }: LiveScope): string {
  const guest = endpoints.find(
    (plan) => isVmPlan(plan) && plan.vnic.addresses.some((one) => prefixAddress(one) === address),
  );
  return guest === undefined
    ? ""
    : `: it is a guest's (${formatOwner(guest.owner)}), does its virtual machine run?`;
}

/** The first question for a neighbour that did not answer. */
export function unanswered(
  events: readonly LiveEvent[],
): Extract<LiveEvent, { kind: "neighbour" }> | undefined {
  const asked = events.filter((event) => event.kind === "neighbour");
  return asked.find(
    (event) => event.question && !asked.some((other) => !other.question && other.target === event.target),
  );
}
