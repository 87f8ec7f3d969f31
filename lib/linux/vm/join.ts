/**
 * Steps that join a tap in the compartment to the link there which leads to the switch: what one of the two receives the
 * other sends, before the compartment's own stack sees any of it. Pure.
 */
import { prefixFamily } from "../../addr/prefix.ts";
import { askedOn } from "../../model/asked-on.ts";
import { isStacked } from "../../model/switch.ts";
import { linkName, type VmPlan } from "../../model/vm-nic.ts";
import type { Request } from "../../netlink/message.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { addIngress } from "../../netlink/tc/qdisc.ts";
import { addRedirect } from "../../netlink/tc/redirect.ts";
import { probe } from "../compile/vnic.ts";
import { learn, own } from "../endpoint-step.ts";
import type { Step } from "../step.ts";
import { joinedGroup } from "./group.ts";
import { createNamedTap } from "./named-tap.ts";

/** The link is there, down, without an address. */
export function joinTap(plan: VmPlan): readonly Step[] {
  return [
    learn("compartment", "vnic", linkName(plan)),
    ...createNamedTap(plan, "compartment", "tap"),
    prepare(plan),
    // While the link is not joined the kernel hears who answers.
    ...probe(askable(plan)),
    connect(plan),
  ];
}

/** On a link that is up each queueing discipline costs the kernel a wait of 10 to 20 ms. */
function prepare(plan: VmPlan): Step {
  const { tap, mac, mtu } = plan.vnic;
  const link = linkName(plan);
  return {
    ...own(`link set ${tap.name} address ${mac} mtu ${mtu}; qdisc add dev ${link}, ${tap.name} ingress`),
    action: {
      kind: "compartment",
      requests: (index) => {
        const group = joinedGroup(index("vnic"));
        return [
          setLink(index("vnic"), { group }),
          setLink(index("vnic"), { addrGenMode: "none" }),
          setLink(index("tap"), { mac, mtu, group }),
          addIngress(index("vnic")),
          addIngress(index("tap")),
        ];
      },
    },
    accept: ["EAFNOSUPPORT"],
  };
}

function connect(plan: VmPlan): Step {
  const { tap } = plan.vnic;
  return {
    ...own(`redirect ${linkName(plan)} to ${tap.name} and back; link set up`),
    action: {
      kind: "compartment",
      requests: (index) => joinRequests(plan, index("vnic"), index("tap")),
    },
  };
}

export function joinRequests(plan: VmPlan, link: number, tap: number): readonly Request[] {
  return [
    addRedirect(link, tap),
    addRedirect(tap, link),
    // A macvlan lets in only groups that its own stack has joined; of those that a guest joins nobody knows.
    setLink(link, { up: true, ...(isStacked(plan.switch) ? { allMulticast: true } : {}) }),
    setLink(tap, { up: true }),
  ];
}

/**
 * For IPv6 the kernel asks in the name of an address on the link, and in the compartment there is none: that a guest
 * asks itself (RFC 4862).
 */
function askable(plan: VmPlan): VmPlan {
  const { addresses } = plan.vnic;
  const asked =
    askedOn(plan) === undefined ? addresses.filter((address) => prefixFamily(address) === 4) : addresses;
  return { ...plan, vnic: { ...plan.vnic, name: linkName(plan), addresses: asked } };
}
