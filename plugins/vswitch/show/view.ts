/** What `vswitch show` answers, as plain data: what --json prints and the tables are made of. Pure. */
import { networkOf, type Prefix } from "../../../lib/addr/prefix.ts";
import type { Counters, Drops, PortCounters } from "../../../lib/model/counters.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { SceneDirectory } from "../../../lib/model/scene.ts";
import {
  type AnyExternalSwitch,
  isExternal,
  isOverlay,
  isStacked,
  type StackedSwitch,
  type Switch,
} from "../../../lib/model/switch.ts";
import { isVmNic, joinedTap, linkName } from "../../../lib/model/vm-nic.ts";
import type { GuestDns, Route, Tap, VnicType } from "../../../lib/model/vnic.ts";
import { formatPolicy } from "../../../lib/policy/format-policy.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import type { EndpointRow, NetworkRow } from "../../../lib/state/rows.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import { type EffectiveAcls, effectiveAcls } from "./effective.ts";
import { type OverlayView, overlayView } from "./overlay-view.ts";

/** What is known of the host. */
export interface ShowInput {
  readonly networks: readonly NetworkRow[];
  readonly endpoints: readonly EndpointRow[];
  readonly counters: Counters;
  /** The interface by which packets leave the host; absent when there is no default route. */
  readonly uplink?: string;
  readonly bootId: string;
  readonly compartmentExists: (path: string) => boolean;
  /** Of an overlay network: what is known of its other hosts. */
  readonly directoryOf?: (row: NetworkRow) => SceneDirectory | undefined;
}

export interface NetworkView {
  readonly name: string;
  readonly kind: string;
  readonly switch: string;
  readonly state: "up" | "down" | "absent" | "no carrier";
  /** Absent: a bridge of the host without a way to the wire. */
  readonly external?: ExternalView;
  /** Only of a network across hosts. */
  readonly overlay?: OverlayView;
  readonly mtu: number;
  readonly subnets: readonly Prefix[];
  /** Addresses of the host on the switch. */
  readonly gateways: readonly Prefix[];
  /** Whether the subnet was chosen because the configuration names none. */
  readonly automatic: boolean;
  readonly uplink?: string;
  readonly masquerade: boolean;
  /** Destinations that see the containers' own addresses. */
  readonly exceptions: readonly Prefix[];
  /** Whether containers of the network are kept apart from each other. */
  readonly isolated: boolean;
  /** Networks of this host that may open connections to it; true: all. */
  readonly reachable: true | readonly string[];
  readonly endpoints: number;
  /** What other networks sent and may not. */
  readonly drops: readonly Drops[];
}

/** How an external switch leads to the wire. */
export interface ExternalView {
  readonly kind: AnyExternalSwitch["kind"];
  readonly mode?: string;
  readonly uplink: string;
  readonly vlan?: number;
  /** Its vNICs hang on the uplink: nothing of them is on the host. */
  readonly stacked: boolean;
  /** The host's own adapter; absent: host and containers do not reach each other, where they are stacked. */
  readonly hostAdapter?: string;
}

export type EndpointState =
  | "up"
  | "down"
  | "attaching"
  | "earlier boot"
  | "compartment gone"
  | "port gone"
  | "vNIC gone"
  | "uplink gone"
  | "uplink down"
  | "plan lost";

export interface EndpointView {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly key: string;
  readonly state: EndpointState;
  readonly compartment: string;
  readonly createdMs: number;
  /** Absent where it has none on the host. */
  readonly port?: string;
  readonly switch?: string;
  readonly external?: ExternalView;
  /** Whose stack has the addresses: the compartment's, or a guest's. */
  readonly vnic?: VnicType;
  /** Of a guest. */
  readonly tap?: TapView;
  readonly dns?: GuestDns;
  readonly mac?: string;
  readonly mtu?: number;
  readonly addresses: readonly Prefix[];
  readonly routes: readonly Route[];
  readonly policies: readonly Policy[];
  /** Each of `policies` in one line. */
  readonly policyLines: readonly string[];
  readonly acls: readonly EffectiveAcls[];
  readonly counters?: PortCounters;
}

export interface TapView extends Tap {
  /** The link in the compartment that it is joined to; absent where it is the port itself. */
  readonly joined?: string;
}

export interface HostView {
  readonly networks: readonly NetworkView[];
  readonly endpoints: readonly EndpointView[];
}

export function hostView(input: ShowInput): HostView {
  return {
    networks: input.networks.map((row) => networkView(row, input)),
    endpoints: input.endpoints.map((row) => endpointView(row, input)),
  };
}

function networkView(
  row: NetworkRow,
  { counters, uplink, endpoints, directoryOf = () => undefined }: ShowInput,
): NetworkView {
  const { switch: wanted, automatic } = row.spec as NetworkSpec;
  const found = counters.switches.find(({ name }) => name === wanted.name);
  const own = endpoints.filter(({ network }) => network === row.name);
  const external = externalView(wanted);
  // The subnets of a LAN are not ours: those that its containers are in are known.
  const told =
    external === undefined ? wanted.gateways : own.flatMap(({ plan }) => plan?.vnic.addresses ?? []);
  const subnets = [...new Set(told.map(networkOf))];
  return {
    name: row.name,
    kind: row.kind,
    switch: wanted.name,
    state: isStacked(wanted) ? uplinkState(wanted, counters) : bridgeState(found),
    ...(external === undefined ? {} : { external }),
    ...(isOverlay(wanted) ? { overlay: overlayView(wanted, directoryOf(row), counters) } : {}),
    mtu: wanted.mtu,
    // A network without containers has given its gateways up; it keeps the prefix that was chosen for it.
    subnets: subnets.length === 0 && automatic !== undefined ? [automatic] : subnets,
    gateways: wanted.gateways,
    automatic: automatic !== undefined,
    ...uplinkOf(external?.uplink ?? uplink),
    masquerade: wanted.outboundNat !== undefined,
    exceptions: wanted.outboundNat?.exceptions ?? [],
    isolated: wanted.isolated ?? false,
    reachable: wanted.reachable ?? [],
    endpoints: own.length,
    drops: found?.drops ?? [],
  };
}

const uplinkOf = (uplink: string | undefined) => (uplink === undefined ? {} : { uplink });

const bridgeState = (found: { readonly up: boolean } | undefined): NetworkView["state"] =>
  found === undefined ? "absent" : found.up ? "up" : "down";

/** Of a switch whose vNICs hang on it: the worst of the uplink and its VLAN. */
function uplinkState({ uplink, lower }: StackedSwitch, { uplinks = [] }: Counters): NetworkView["state"] {
  const links = [uplink, lower].map((name) => uplinks.find((one) => one.name === name));
  if (links.some((link) => link === undefined)) return "absent";
  if (links.some((link) => link?.up !== true)) return "down";
  return links.every((link) => link?.carrier === true) ? "up" : "no carrier";
}

/** @returns undefined for a switch without uplink */
export function externalView(vswitch: Switch): ExternalView | undefined {
  if (!isExternal(vswitch)) return undefined;
  const { kind, uplink, vlan } = vswitch;
  const stacked = isStacked(vswitch);
  return {
    kind,
    uplink,
    stacked,
    ...(stacked ? { mode: vswitch.mode } : {}),
    ...(vlan === undefined ? {} : { vlan }),
    ...(stacked && vswitch.host !== undefined ? { hostAdapter: vswitch.host.name } : {}),
  };
}

function endpointView(row: EndpointRow, input: ShowInput): EndpointView {
  const { network, containerId, ifname, key, netns: compartment, createdMs, plan } = row;
  const counters = input.counters.ports.find((port) => port.key === key);
  const common = { network, containerId, ifname, key, compartment, createdMs };
  const state = stateOf(row, counters, input);
  const counted = counters === undefined ? {} : { counters };
  if (plan === null)
    return {
      ...common,
      ...counted,
      state,
      addresses: [],
      routes: [],
      policies: [],
      policyLines: [],
      acls: [],
    };
  const { port, vnic } = plan;
  const external = externalView(plan.switch);
  return {
    ...common,
    ...counted,
    state,
    ...(external?.stacked === true ? {} : { port: port.name }),
    switch: plan.switch.name,
    ...(external === undefined ? {} : { external }),
    vnic: vnic.type,
    ...guestView(plan),
    mac: vnic.mac,
    mtu: vnic.mtu,
    addresses: vnic.addresses,
    routes: vnic.routes,
    policies: port.policies,
    policyLines: port.policies.map(formatPolicy),
    acls: effectiveAcls(port),
  };
}

function guestView(plan: Plan): Pick<EndpointView, "tap" | "dns"> {
  const { vnic } = plan;
  if (!isVmNic(vnic)) return {};
  const joined = joinedTap(plan) === undefined ? {} : { joined: linkName(plan) };
  return { tap: { ...vnic.tap, ...joined }, dns: vnic.dns };
}

function stateOf(row: EndpointRow, port: PortCounters | undefined, input: ShowInput): EndpointState {
  if (row.bootId !== input.bootId) return "earlier boot";
  if (row.phase === "adding") return "attaching";
  // Nobody knows the compartment of one that was rebuilt from its marks.
  if (row.netns !== "" && !input.compartmentExists(row.netns)) return "compartment gone";
  const hanging = row.plan !== null && isStacked(row.plan.switch) ? row.plan.switch : undefined;
  if (hanging !== undefined) return stateOnUplink(hanging, port, input.counters);
  if (port === undefined) return "port gone";
  if (row.plan === null) return "plan lost";
  return port.up ? "up" : "down";
}

function stateOnUplink(
  vswitch: StackedSwitch,
  vnic: PortCounters | undefined,
  counters: Counters,
): EndpointState {
  const uplink = uplinkState(vswitch, counters);
  // What hung on it went with it, and does not come back with it.
  if (vnic === undefined) return uplink === "absent" ? "uplink gone" : "vNIC gone";
  if (uplink !== "up") return "uplink down";
  return vnic.up ? "up" : "down";
}
