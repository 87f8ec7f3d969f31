/** Steps that make an endpoint again what its plan says, while its container runs. Pure. */
import { contains, networkOf, type Prefix, prefixAddress, prefixFamily } from "../../addr/prefix.ts";
import { formatRoute, limitDiff, sameRoute } from "../../model/diff.ts";
import type { EndpointFacts } from "../../model/facts.ts";
import { limitsOf } from "../../model/limits.ts";
import type { Plan } from "../../model/plan.ts";
import type { Switch } from "../../model/switch.ts";
import type { Route } from "../../model/vnic.ts";
import type { Request } from "../../netlink/message.ts";
import { addAddress } from "../../netlink/route/address.ts";
import { setBridgePort } from "../../netlink/route/bridge-port.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { type NewRoute, replaceRoute } from "../../netlink/route/route.ts";
import { RTPROT_KERNEL } from "../../netlink/route/rtmsg.ts";
import { type LinkChanges, setLink } from "../../netlink/route/set-link.ts";
import { deleteQdisc } from "../../netlink/tc/qdisc.ts";
import type { LayoutElement } from "../layout/element.ts";
import { encodeAdd, encodeDelete, encodeEnsure } from "../layout/element-requests.ts";
import { isOfPort } from "../layout/sets.ts";
import { limiterName } from "../limiter.ts";
import { markedNetwork, networkMark } from "../mark.ts";
import type { SwitchState } from "../observe.ts";
import type { Step } from "../step.ts";
import { announce, enableIpv6, forgetOldFlows, inOrder, learnPort, portFlags } from "./endpoint.ts";
import { limitRates } from "./qos.ts";
import { compileSwitch } from "./switch.ts";

/**
 * As `compileSwitch`, and where somebody changed our bridge's MAC or MTU, those too: an ADD only refuses such a one.
 *
 * @throws {CniError} 108 when something else bears its name
 */
export function compileSwitchRepair(wanted: Switch, found: SwitchState): readonly Step[] {
  const { link } = found;
  const { name, network, mac, mtu } = wanted;
  const ours = link !== undefined && markedNetwork(link.alias) === networkMark(network);
  if (!ours || link.kind !== "bridge") return compileSwitch(wanted, found);
  const settings: LinkChanges = {
    ...(link.mac === mac ? {} : { mac }),
    // Once it is set it no longer follows the ports.
    ...(link.mtu === mtu ? {} : { mtu }),
  };
  const words = wordsOf(settings);
  const rest = compileSwitch(wanted, { ...found, link: { ...link, mac, mtu } });
  if (words.length === 0) return rest;
  const title = `link set ${name} ${words.join(" ")}`;
  return [{ ...own(title), action: { kind: "host", requests: () => [setLink(name, settings)] } }, ...rest];
}

/** What is there of an endpoint whose port and vNIC are there. */
export interface RepairState {
  readonly facts: EndpointFacts;
  /** Planned elements that the table lacks. */
  readonly missing: readonly LayoutElement[];
  /** Ours that stand in the place of planned ones, with other data. */
  readonly stale: readonly LayoutElement[];
}

/** @returns nothing where all is as planned; the switch is there */
export function compileRepair(plan: Plan, state: RepairState): readonly Step[] {
  const links = [...repairPort(plan, state.facts), ...repairVnic(plan, state.facts)];
  const carrier: Step = {
    ...own(`wait for the carrier of ${plan.port.name}`),
    action: { kind: "carrier", role: "port" },
  };
  return [
    ...repairPolicies(plan, state),
    ...(links.length === 0 ? [] : [...learn(plan), ...links]),
    ...repairLimits(plan, state.facts),
    ...(links.length === 0 ? [] : [carrier, announce(plan)]),
    // Last: a port of the host may be somebody else's by now, and what comes before does not depend on it.
    ...repairShared(plan, state),
  ];
}

/** Without undo: what is mended stays so, though what comes after may fail. */
const own = (title: string) => ({ title, scope: "switch" }) as const;

function learn(plan: Plan): readonly Step[] {
  const { switch: vswitch, vnic } = plan;
  return [
    {
      ...own(`learn ${vswitch.name}`),
      action: { kind: "learn", where: "host", role: "switch", name: vswitch.name },
    },
    learnPort(plan),
    {
      ...own(`learn ${vnic.name}`),
      action: { kind: "learn", where: "compartment", role: "vnic", name: vnic.name },
    },
  ];
}

/** First and at once: nothing shall pass the port meanwhile that its policies forbid. */
function repairPolicies(plan: Plan, { missing, stale }: RepairState): readonly Step[] {
  const title = `policies of ${plan.port.name}`;
  return replaceElements(title, missing.filter(isOwn), stale.filter(isOwn));
}

function repairShared(plan: Plan, { missing, stale }: RepairState): readonly Step[] {
  const shared = missing.filter((element) => !isOwn(element));
  const title = `what the host does for ${plan.vnic.name}`;
  const steps = replaceElements(
    title,
    shared,
    stale.filter((element) => !isOwn(element)),
  );
  return steps.length === 0 ? [] : [...steps, ...forgetOldFlows(plan)];
}

const isOwn = ({ set }: LayoutElement): boolean => isOfPort(set);

function replaceElements(
  title: string,
  missing: readonly LayoutElement[],
  stale: readonly LayoutElement[],
): readonly Step[] {
  if (missing.length === 0) return [];
  const add = missing.every(isOwn) ? encodeEnsure(missing) : encodeAdd(missing);
  const count = missing.length === 1 ? "1 element" : `${missing.length} elements`;
  return [
    { ...own(`${title}: ${count}`), action: { kind: "rules", requests: [...encodeDelete(stale), ...add] } },
  ];
}

type VnicFacts = NonNullable<NonNullable<EndpointFacts["compartment"]>["vnic"]>;

function repairPort(plan: Plan, { port: found }: EndpointFacts): readonly Step[] {
  const { name } = plan.port;
  const isolated = plan.switch.isolated ?? false;
  if (found === undefined) return [];
  const away = found.switch !== plan.switch.name;
  const settings: LinkChanges = {
    ...(found.mtu === plan.switch.mtu ? {} : { mtu: plan.switch.mtu }),
    ...(found.up ? {} : { up: true }),
  };
  const flags = away
    ? portFlags(plan)
    : found.isolated === isolated
      ? []
      : [setBridgePort(name, { isolated })];
  const words = [...(away ? [`master ${plan.switch.name}`] : []), ...wordsOf(settings)];
  if (words.length === 0 && flags.length === 0) return [];
  return [
    {
      ...own(
        `link set ${name} ${[...words, ...(found.isolated === isolated ? [] : [`isolated ${isolated}`])].join(" ")}`,
      ),
      action: {
        kind: "host",
        requests: (index) => [
          ...(words.length === 0
            ? []
            : [setLink(name, { ...settings, ...(away ? { master: index("switch") } : {}) })]),
          ...flags,
        ],
      },
    },
  ];
}

const wordsOf = ({ mtu, mac, up }: LinkChanges): readonly string[] => [
  ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
  ...(mac === undefined ? [] : [`address ${mac}`]),
  ...(up ? ["up"] : []),
];

/** An interface that was down has lost routes and IPv6 addresses: what is missing is known before, and put back after. */
function repairVnic(plan: Plan, { compartment }: EndpointFacts): readonly Step[] {
  const found = compartment?.vnic;
  if (found === undefined) return [];
  const { vnic } = plan;
  const addresses = vnic.addresses.filter((address) => !found.addresses.includes(address));
  const routes = inOrder(
    vnic.routes.filter((route) => !found.routes.some((other) => sameRoute(route, other))),
  );
  const settings: LinkChanges = {
    ...(found.mtu === vnic.mtu ? {} : { mtu: vnic.mtu }),
    ...(found.mac === vnic.mac ? {} : { mac: vnic.mac }),
  };
  const needsIpv6 = addresses.some((address) => prefixFamily(address) === 6);
  return [
    // Too small an MTU takes IPv6 and its settings away: it comes first.
    ...inCompartment(plan, [`link set ${vnic.name}`, ...wordsOf(settings)], (index) => [
      setLink(index, settings),
    ]),
    ...(needsIpv6 ? enableIpv6(plan) : []),
    ...inCompartment(plan, ["addr add", ...addresses], (index) =>
      addresses.map((address) =>
        addAddress({ index, address, ...(prefixFamily(address) === 6 ? { noDad: true } : {}) }),
      ),
    ),
    ...inCompartment(plan, [`link set ${vnic.name}`, ...(found.up ? [] : ["up"])], (index) => [
      setLink(index, { up: true }),
    ]),
    ...repairOnLink(plan, found, routes),
    ...inCompartment(plan, ["route replace", ...routes.map(formatRoute)], (index) =>
      routes.map(({ destination: dst, ...rest }) => replaceRoute({ dst, index, ...rest })),
    ),
  ];
}

/** The kernel's own routes to the subnets of addresses that are there: without them no gateway can be reached. */
function repairOnLink(plan: Plan, found: VnicFacts, routes: readonly Route[]): readonly Step[] {
  if (!found.up) return [];
  const lost = plan.vnic.addresses.filter((address) => {
    const needed = routes.some(({ gateway }) => gateway !== undefined && contains(address, gateway));
    const near = ({ destination, gateway }: Route): boolean =>
      gateway === undefined && destination === networkOf(address);
    return needed && found.addresses.includes(address) && !found.routes.some(near);
  });
  return inCompartment(plan, ["route replace", ...lost.map(networkOf)], (index) =>
    lost.map((address) => replaceRoute({ dst: networkOf(address), index, ...kernelRoute(address) })),
  );
}

/** As the kernel makes it with an address. */
function kernelRoute(address: Prefix): Pick<NewRoute, "protocol" | "scope" | "src" | "priority"> {
  const src = prefixAddress(address);
  return prefixFamily(address) === 4
    ? { protocol: RTPROT_KERNEL, scope: "link", src }
    : { protocol: RTPROT_KERNEL, priority: 256 };
}

/** @returns nothing when no word says what for */
function inCompartment(
  { compartment: { path } }: Plan,
  words: readonly string[],
  requests: (vnic: number) => readonly Request[],
): readonly Step[] {
  if (words.length < 2) return [];
  const title = `in ${path}: ${words.join(" ")}`;
  return [{ ...own(title), action: { kind: "compartment", requests: (index) => requests(index("vnic")) } }];
}

/** As a whole: the limits of a port are one thing. */
function repairLimits(plan: Plan, facts: EndpointFacts): readonly Step[] {
  if (limitDiff(plan, facts).length === 0) return [];
  const { in: into, out } = limitsOf(plan);
  const { name } = plan.port;
  const remove = (title: string, requests: (port: number) => readonly Request[]): Step => ({
    ...own(title),
    action: { kind: "host", requests: (index) => requests(index("port")) },
    accept: ["ENOENT", "EINVAL", "ENODEV"],
  });
  return [
    learnPort(plan),
    ...(into === undefined
      ? []
      : [remove(`qdisc del dev ${name} root`, (port) => [deleteQdisc(port, "root")])]),
    ...(out === undefined
      ? []
      : [
          remove(`qdisc del dev ${name} ingress`, (port) => [deleteQdisc(port, "ingress")]),
          remove(`link del ${limiterName(plan.key)}`, () => [deleteLink(limiterName(plan.key))]),
        ]),
    ...limitRates(plan),
  ];
}
