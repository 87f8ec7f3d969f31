/** What the host has of a synthetic VM NIC, made again what its plan says, while the guest runs. Pure. */
import type { Prefix } from "../../addr/prefix.ts";
import type { EndpointFacts, InterfaceFacts, TapFacts } from "../../model/facts.ts";
import { isStacked } from "../../model/switch.ts";
import { linkName, portTap, type VmPlan } from "../../model/vm-nic.ts";
import type { Request } from "../../netlink/message.ts";
import { deleteAddress } from "../../netlink/route/address.ts";
import { type LinkChanges, setLink } from "../../netlink/route/set-link.ts";
import { addIngress, deleteQdisc } from "../../netlink/tc/qdisc.ts";
import { addRedirect } from "../../netlink/tc/redirect.ts";
import { own, wordsOf } from "../compile/repair/own-step.ts";
import type { Role, Step } from "../step.ts";

/** Both links are there. */
export function repairJoined(plan: VmPlan, { compartment, tap }: EndpointFacts): readonly Step[] {
  const port = portTap(plan);
  if (port !== undefined) return tap === undefined ? [] : repairTapPort(port.name, tap);
  const link = compartment?.vnic;
  if (link === undefined || tap?.joined === undefined) return [];
  const name = linkName(plan);
  const mended = [
    // Before they are up: the compartment's own stack shall see none of the guest's frames.
    ...(tap.joined.towardsGuest ? [] : [joinAgain(plan, "vnic", "tap")]),
    ...(tap.joined.fromGuest ? [] : [joinAgain(plan, "tap", "vnic")]),
    ...repairLink(plan, "vnic", name, link),
    ...repairLink(plan, "tap", plan.vnic.tap.name, tap),
  ];
  if (mended.length === 0) return [];
  return [learn("vnic", name), learn("tap", plan.vnic.tap.name), ...mended];
}

/** What of a port is no other port's: the rest is mended as any. */
function repairTapPort(name: string, { addresses }: TapFacts): readonly Step[] {
  if (addresses.length === 0) return [];
  return [
    { ...own(`learn ${name}`), action: { kind: "learn", where: "host", role: "port", name } },
    {
      ...own(`addr del ${addresses.join(" ")} dev ${name}`),
      action: {
        kind: "host",
        requests: (index) => addresses.map((address) => deleteAddress(index("port"), address)),
      },
    },
  ];
}

const nameOf = (plan: VmPlan, role: "vnic" | "tap"): string =>
  role === "tap" ? plan.vnic.tap.name : linkName(plan);

/** A later plugin of the chain sets MAC and MTU of what bears CNI_IFNAME, and of nothing else. */
function repairLink(
  plan: VmPlan,
  role: "vnic" | "tap",
  name: string,
  found: InterfaceFacts | TapFacts,
): readonly Step[] {
  const { mac, mtu } = plan.vnic;
  const named = name === plan.vnic.name;
  const changes: LinkChanges = {
    ...(named && found.mtu !== mtu ? { mtu } : {}),
    ...(named && found.mac !== mac ? { mac } : {}),
    ...(found.up ? {} : { up: true }),
  };
  const all = role === "vnic" && isStacked(plan.switch) && changes.up ? { allMulticast: true } : {};
  const words = wordsOf(changes);
  return [
    ...(words.length === 0
      ? []
      : [
          step(plan, `link set ${name} ${words.join(" ")}`, (index) => [
            setLink(index(role), { ...changes, ...all }),
          ]),
        ]),
    ...(found.addresses.length === 0
      ? []
      : [
          step(plan, `addr del ${found.addresses.join(" ")} dev ${name}`, (index) =>
            found.addresses.map((address: Prefix) => deleteAddress(index(role), address)),
          ),
        ]),
  ];
}

/** A redirection whose other end was gone for a while leads nowhere: all of it is made anew. */
function joinAgain(plan: VmPlan, from: "vnic" | "tap", to: "vnic" | "tap"): Step {
  return {
    ...step(plan, `redirect ${nameOf(plan, from)} to ${nameOf(plan, to)}`, (index) => [
      deleteQdisc(index(from), "ingress"),
      addIngress(index(from)),
      addRedirect(index(from), index(to)),
    ]),
    accept: ["ENOENT", "EINVAL"],
  };
}

function step(
  plan: VmPlan,
  words: string,
  requests: (index: (role: Role) => number) => readonly Request[],
): Step {
  return { ...own(`in ${plan.compartment.path}: ${words}`), action: { kind: "compartment", requests } };
}

const learn = (role: Role, name: string): Step => ({
  ...own(`learn ${name}`),
  action: { kind: "learn", where: "compartment", role, name },
});
