/** Steps that bring a vNIC which is there onto its network: addresses, routes, announcements. Pure. */
import { defaultPrefix, type Prefix, prefixAddress, prefixFamily } from "../../addr/prefix.ts";
import { askedOn } from "../../model/asked-on.ts";
import type { Plan } from "../../model/plan.ts";
import { isExternal, isStacked } from "../../model/switch.ts";
import type { Route } from "../../model/vnic.ts";
import type { Request } from "../../netlink/message.ts";
import { addAddress, type NewAddress } from "../../netlink/route/address.ts";
import { announceLink } from "../../netlink/route/announce.ts";
import { addRoute } from "../../netlink/route/route.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { own } from "../endpoint-step.ts";
import { learnUplink } from "../routed/ways.ts";
import type { Step } from "../step.ts";
import { awaitPort } from "./port.ts";

/** The vNIC is up and has no address yet: what is asked for bears none of ours. Its port, if it has one, is learnt. */
export function probe(plan: Plan): readonly Step[] {
  const { name, addresses, probeMs } = plan.vnic;
  if (probeMs === undefined || addresses.length === 0) return [];
  const asked = addresses.map(prefixAddress);
  const title = `ask who has ${asked.join(" ")}`;
  const uplink = askedOn(plan);
  if (uplink !== undefined) {
    return [
      learnUplink(uplink),
      { ...own(title), action: { kind: "probe", where: "host", addresses: asked, waitMs: probeMs } },
    ];
  }
  return [
    {
      ...own(`link set ${name} up`),
      action: { kind: "compartment", requests: (index) => [setLink(index("vnic"), { up: true })] },
    },
    // A bridge drops what comes by a port before that forwards, and the kernel asks again after a second only.
    ...(isStacked(plan.switch) ? [] : [awaitPort(plan)]),
    {
      ...own(title),
      action: { kind: "probe", addresses: asked, waitMs: probeMs },
    },
  ];
}

/** Runtimes turn IPv6 off in new namespaces; and nobody else can have our addresses, so none waits a second for DAD. */
export function enableIpv6({ vnic, switch: vswitch }: Plan): readonly Step[] {
  if (!vnic.addresses.some((address) => prefixFamily(address) === 6)) return [];
  // A router of the LAN would be in the way of a default route that is planned, if it spoke first.
  const alone =
    isExternal(vswitch) && vnic.routes.some(({ destination }) => destination === defaultPrefix(6));
  return (
    [
      ["disable_ipv6", "0"],
      ["accept_dad", "0"],
      ["ndisc_notify", "1"],
      ...(alone ? ([["accept_ra", "0"]] as const) : []),
    ] as const
  ).map(([name, value]) => {
    const key = ["ipv6", "conf", vnic.name, name];
    return {
      ...own(`sysctl net.${key.join(".")}=${value}`),
      action: { kind: "sysctl", where: "compartment", key, value },
    };
  });
}

/** Who has it was asked before, where it was to be asked. */
export function addressFlags(
  { vnic: { offLink = [] } }: Plan,
  address: Prefix,
): Omit<NewAddress, "index" | "address"> {
  const family = prefixFamily(address);
  return {
    ...(family === 6 ? { noDad: true } : {}),
    ...(offLink.includes(family) ? { noPrefixRoute: true } : {}),
  };
}

export function configureVnic(plan: Plan): Step {
  const { vnic } = plan;
  return {
    ...own(`addr add ${vnic.addresses.join(" ")} dev ${vnic.name}; link set ${vnic.name} up; routes`),
    action: {
      kind: "compartment",
      requests: (index) => [
        ...(plan.switch.kind === "ipvlan" ? announceWhenUp(index("vnic")) : []),
        ...vnic.addresses.map((address) =>
          addAddress({ index: index("vnic"), address, ...addressFlags(plan, address) }),
        ),
        setLink(index("vnic"), { up: true }),
        ...inOrder(vnic.routes).map(({ destination: dst, ...rest }) =>
          addRoute({ dst, index: index("vnic"), ...rest }),
        ),
      ],
    },
  };
}

/** Routes on the link first: others may have their gateway there. */
export function inOrder(routes: readonly Route[]): readonly Route[] {
  return [
    ...routes.filter((route) => route.gateway === undefined),
    ...routes.filter((route) => route.gateway !== undefined),
  ];
}

/** Gratuitous ARP (RFC 5227) and unsolicited neighbour advertisements (RFC 4861), sent by the kernel. */
export function announce({ vnic, switch: { kind } }: Plan): readonly Step[] {
  if (vnic.addresses.length === 0 || kind === "ipvlan") return [];
  return [
    {
      ...own(`announce ${vnic.addresses.map(prefixAddress).join(" ")} at ${vnic.mac}`),
      action: { kind: "compartment", requests: (index) => announceLink(index("vnic"), vnic.mac) },
    },
  ];
}

/**
 * An ipvlan takes no MAC, not even its own, on which other links announce themselves: the kernel also does when a link
 * comes up that has addresses already, and for IPv6 whenever one has passed (ndisc_notify).
 */
function announceWhenUp(index: number): readonly Request[] {
  return [setLink(index, { ipv4: { arp_notify: 1 } }), setLink(index, { up: false })];
}
