/** Steps that attach one endpoint to a switch that is there. Pure. */
import { defaultPrefix, hostPrefix, type Prefix, prefixAddress, prefixFamily } from "../../addr/prefix.ts";
import { type Plan, portMac } from "../../model/plan.ts";
import { askedOn, isBridge, isExternal, isStacked } from "../../model/switch.ts";
import type { Route } from "../../model/vnic.ts";
import type { Request } from "../../netlink/message.ts";
import { addAddress, type NewAddress } from "../../netlink/route/address.ts";
import { announceLink } from "../../netlink/route/announce.ts";
import { setBridgePort } from "../../netlink/route/bridge-port.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { addRoute, deleteRoute, replaceRoute } from "../../netlink/route/route.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { createVeth } from "../../netlink/route/veth.ts";
import { policiesOf } from "../../policy/policy.ts";
import { encodeAdd, encodeDelete, encodeEnsure } from "../layout/element-requests.ts";
import { type AclParts, deletePortAcls, encodePortAcls, wholeParts } from "../layout/port-acl-requests.ts";
import { isOfPort } from "../layout/sets.ts";
import { endpointAlias } from "../mark.ts";
import { announceWays, learnUplink, makeWays } from "../routed/ways.ts";
import { hostRoute } from "../stacked/host-route.ts";
import { hostAdapterOf } from "../stacked/remove.ts";
import { createStackedVnic } from "../stacked/vnic.ts";
import type { Step } from "../step.ts";
import { endpointAcls, endpointElements } from "./elements.ts";
import { publishedFlows } from "./flows.ts";
import { limitRates } from "./qos.ts";

/**
 * @param netnsFd descriptor of the compartment
 * @param there what an ADD that was killed has left of the port's ACLs
 */
export function compileEndpoint(
  plan: Plan,
  netnsFd: number,
  there: readonly AclParts[] = [],
): readonly Step[] {
  const { switch: vswitch } = plan;
  const made = isStacked(vswitch)
    ? createStackedVnic({ ...plan, switch: vswitch }, netnsFd)
    : createPorted(plan, netnsFd, there);
  return [...made, ...configureSteps(plan), ...forgetOldFlows(plan)];
}

/** A vNIC that is there without addresses gets those of the plan, and its port what policies take of them. */
export function compileConfigure(plan: Plan, there: readonly AclParts[] = []): readonly Step[] {
  const { vnic } = plan;
  const alias = endpointAlias(plan.owner, vnic.addresses);
  const marked = (where: "host" | "compartment", name: string): Step => ({
    ...own(`link set ${name} alias "${alias}"`),
    action: { kind: where, requests: () => [setLink(name, { alias })] },
  });
  return [
    ...(isStacked(plan.switch)
      ? [marked("compartment", vnic.name)]
      : [...applyPolicies(plan, there), marked("host", plan.port.name), learnSwitch(plan)]),
    ...configureSteps(plan),
  ];
}

function createPorted(plan: Plan, netnsFd: number, there: readonly AclParts[]): readonly Step[] {
  const limits = limitRates(plan);
  return [
    ...applyPolicies(plan, there),
    learnSwitch(plan),
    // Limits need a port that is down, learn it, and set it up.
    ...createVnic(plan, netnsFd, limits.length === 0),
    ...limits,
  ];
}

/** From a vNIC that is there to one that is on the network. */
function configureSteps(plan: Plan): readonly Step[] {
  const { vnic } = plan;
  return [
    {
      ...own(`learn ${vnic.name}`),
      action: { kind: "learn", where: "compartment", role: "vnic", name: vnic.name },
    },
    ...enableIpv6(plan),
    ...(isStacked(plan.switch) ? [] : [learnPort(plan)]),
    ...probe(plan),
    configureVnic(plan),
    ...(isStacked(plan.switch) ? [] : carriers(plan)),
    ...announce(plan),
    ...hostWays(plan),
    ...makeWays(plan),
    ...announceWays(plan),
  ];
}

function learnSwitch({ switch: { name } }: Plan): Step {
  return { ...own(`learn ${name}`), action: { kind: "learn", where: "host", role: "switch", name } };
}

/** The first port brings the switch's own carrier, a moment later: until then the host's answers are dropped. */
function carriers({ port, switch: vswitch }: Plan): readonly Step[] {
  return [
    { ...own(`wait for the carrier of ${port.name}`), action: { kind: "carrier", role: "port" } },
    // Somebody else's may have a spanning tree, which takes its time.
    ...(isBridge(vswitch) && vswitch.existing
      ? []
      : [
          {
            ...own(`wait for the carrier of ${vswitch.name}`),
            action: { kind: "carrier", role: "switch" },
          } satisfies Step,
        ]),
  ];
}

/** The vNIC is up and has no address yet: what is asked for bears none of ours. */
function probe(plan: Plan): readonly Step[] {
  const { name, addresses, probeMs } = plan.vnic;
  if (probeMs === undefined || addresses.length === 0) return [];
  const asked = addresses.map(prefixAddress);
  const title = `ask who has ${asked.join(" ")}`;
  const uplink = askedOn(plan.switch);
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
    {
      ...own(title),
      action: { kind: "probe", addresses: asked, waitMs: probeMs },
    },
  ];
}

/** The host reaches vNICs that hang on its uplink through an adapter of its own. */
export function hostWays({ key, switch: vswitch, vnic }: Plan): readonly Step[] {
  const adapter = hostAdapterOf(vswitch);
  if (adapter === undefined || vnic.addresses.length === 0) return [];
  return [
    {
      ...own(`learn ${adapter.name}`),
      action: { kind: "learn", where: "host", role: "switch", name: adapter.name },
    },
    // A step each: of several requests in one, others come true where one fails, and would not be undone.
    ...vnic.addresses.map(
      (address): Step => ({
        ...own(`route replace ${hostPrefix(prefixAddress(address))} dev ${adapter.name}`),
        action: {
          kind: "host",
          requests: (index) => [replaceRoute(hostRoute(key, address, index("switch")))],
        },
        undo: { kind: "host", requests: (index) => [deleteRoute(hostRoute(key, address, index("switch")))] },
      }),
    ),
  ];
}

const own = (title: string) => ({ title, scope: "endpoint" }) as const;

export function learnPort({ port: { name } }: Plan): Step {
  return { ...own(`learn ${name}`), action: { kind: "learn", where: "host", role: "port", name } };
}

/** The pair is made by one message, or not at all; deleting the port deletes both ends. */
function createVnic(plan: Plan, netnsFd: number, up: boolean): readonly Step[] {
  const {
    owner,
    key,
    vnic,
    port,
    switch: { mtu, isolated },
  } = plan;
  const { name } = port;
  // A process may wait in the compartment for its link: none of its frames passes before the port is isolated.
  const late = up && isolated === true;
  const peer = { name: vnic.name, mtu: vnic.mtu, mac: vnic.mac, netnsFd };
  const alias = endpointAlias(owner, vnic.addresses);
  return [
    {
      ...own(`link add ${name} type veth peer ${vnic.name}`),
      action: {
        kind: "host",
        requests: (index) => [
          createVeth({ name, mtu, mac: portMac(key), master: index("switch"), up: up && !late, peer }),
        ],
      },
      undo: { kind: "host", requests: () => [deleteLink(name)] },
    },
    {
      ...own(`link set ${name} alias "${alias}"`),
      action: {
        kind: "host",
        requests: () => [
          setLink(name, { alias }),
          // The port of a switch speaks for nobody: no link-local address.
          setLink(name, { addrGenMode: "none" }),
          ...portFlags(plan),
          ...(late ? [setLink(name, { up: true })] : []),
        ],
      },
      accept: ["EAFNOSUPPORT"],
    },
  ];
}

/** What the kernel forgets of a port that leaves its bridge. @returns nothing where all is as the kernel has it */
export function portFlags({ port, switch: { isolated } }: Plan): readonly Request[] {
  const publishes = policiesOf(port.policies, "PortMapping").length > 0;
  // Where br_netfilter is on, a container's call of its own published port goes back out of the port it came by.
  const flags = { ...(publishes ? { hairpin: true } : {}), ...(isolated ? { isolated: true } : {}) };
  return publishes || isolated ? [setBridgePort(port.name, flags)] : [];
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

function configureVnic(plan: Plan): Step {
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

/**
 * Before the port is there, so that it never carries a packet that its policies forbid, and in one batch, which does
 * everything or nothing. Its elements bear its name, which nobody else has; a published port may be somebody's.
 */
function applyPolicies(plan: Plan, there: readonly AclParts[]): readonly Step[] {
  const elements = endpointElements(plan);
  if (elements.length === 0) return [];
  const acls = endpointAcls(plan);
  const count = acls.reduce((sum, { boxes }) => sum + boxes.length, elements.length);
  const own = elements.filter(({ set }) => isOfPort(set));
  const shared = elements.filter(({ set }) => !isOfPort(set));
  return [
    {
      title: `policies of ${plan.port.name}: ${count} elements`,
      scope: "endpoint",
      action: {
        kind: "rules",
        requests: [...encodePortAcls(acls, there), ...encodeEnsure(own), ...encodeAdd(shared)],
      },
      undo: {
        kind: "rules",
        // Few are undone.
        get requests() {
          return [...encodeDelete(elements), ...deletePortAcls(wholeParts(acls))];
        },
      },
    },
  ];
}

export function forgetOldFlows(plan: Plan): readonly Step[] {
  const flows = publishedFlows(plan);
  if (flows === undefined) return [];
  return [{ ...own("forget flows of the published ports"), action: { kind: "forget-flows", flows } }];
}
