/** Why a live probe was not seen any more: what comes next at the place that saw it last. */

import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { formatOwner } from "../owner.ts";
import type { StageId } from "../path/trace.ts";
import { isVmPlan } from "../vm-nic.ts";
import type { LiveEvent } from "./event.ts";
import { formatError } from "./icmp-error.ts";
import type { LiveRequest } from "./live.ts";
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
  "port out": { stages: ["vnic"], hint: "the vNIC of the container is down, or gone" },
};

const nowhere: Next = {
  stages: ["vnic.route", "vnic.neighbour"],
  hint: "the compartment did not send it: its vNIC is down, or rules inside it drop it",
};

/** @param events in the order of the path */
export function whyVanished(events: readonly LiveEvent[], request: LiveRequest): Next {
  const error = events.find((event) => event.kind === "error");
  const said = error === undefined ? "" : `${error.from} answered ${formatError(error)}`;
  const unsent = events.find((event) => event.kind === "unsent");
  if (unsent)
    return { stages: ["vnic.route"], hint: `the compartment has no route for it (${unsent.errno})` };
  const seen = events.filter(({ kind }) => kind !== "neighbour" && kind !== "error");
  const last = seen.at(-1);
  const step = last && placeOf(last, request).step;
  const asked = unanswered(events);
  if (asked !== undefined && (step === undefined || step.startsWith("host postrouting"))) {
    const stage = step === undefined ? "vnic.neighbour" : "host.neighbour";
    return {
      stages: [stage],
      hint: `nobody answers who has ${asked.target}${guestAt(asked.target, request)}`,
    };
  }
  const next =
    step === undefined ? nowhere : (NEXT[step] ?? { stages: [], hint: "nothing is known of the reason" });
  return said === "" ? next : { ...next, hint: `${said}; ${next.hint}` };
}

/** Nothing of the host answers in the place of a guest. */
function guestAt(address: Ip, { endpoints }: LiveRequest): string {
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
