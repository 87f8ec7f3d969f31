/** What a network type adds to the verbs: everything else about attaching is the same for all. */
import type { Prefix } from "../addr/prefix.ts";
import type { JsonObject } from "../cni/read.ts";
import type { AddRequest } from "../cni/request.ts";
import type { NetworkDirectory } from "../directory/config.ts";
import type { DefaultRoute, HostFacts, HostQuery } from "../model/facts.ts";
import type { Owner } from "../model/owner.ts";
import type { Peer } from "../model/peer.ts";
import type { Plan } from "../model/plan.ts";
import type { Switch } from "../model/switch.ts";
import type { GuestDns, VnicType } from "../model/vnic.ts";
import type { IpamResult } from "./ipam-result.ts";

export interface PlanInput<Config, S extends Switch = Switch> {
  readonly owner: Owner;
  /** CNI_NETNS. */
  readonly path: string;
  readonly config: Config;
  /** The network's switch as it is known so far; the gateways of new subnets are added. */
  readonly switch: S;
  /** What the ipam gave: addresses, gateways, routes. */
  readonly ipam: IpamResult;
  /** Default routes the compartment has already, of other networks. */
  readonly defaultRoutes: readonly DefaultRoute[];
  /** For a guest: nobody else can set its name servers up. */
  readonly dns: GuestDns;
}

/** What the verbs must know of a network type where the configuration need not be valid any more. */
export interface NetworkTraits {
  /** Kind of the network in the store, e.g. `nat`. */
  readonly kind: string;
  /** The `ipam` of a configuration in the words of our ipam; whatever is wrong in it, our ipam says so. */
  nativeIpam(config: JsonObject): JsonObject;
  /** Without an `ipam` in the configuration: our own gives addresses, or there are none. */
  readonly withoutIpam: "ours" | "none";
  /** Whether a delegated ipam finds the vNIC in the compartment, up: one that asks a server needs it. */
  readonly vnicBeforeAddress: boolean;
  /** Where the network needs an uplink: its name; undefined for that of the default route. */
  externalUplink?(config: JsonObject): string | undefined;
}

/** A network type: pure functions that the verbs call. */
export interface NetworkPlugin<Config = unknown, S extends Switch = Switch> extends NetworkTraits {
  /** @throws {CniError} 7 with every fault, 2 for what is not supported */
  parse(request: AddRequest): Config;
  /** Interface whose MTU the network takes; absent: that of the default route. */
  uplink(config: Config): string | undefined;
  vnicType(config: Config): VnicType;
  /** What else of the host the definition needs. */
  query?(network: string, config: Config): HostQuery;
  /** What the operator should know of a network on such a host, said when it is defined. */
  warnings?(network: string, config: Config, host: HostFacts): readonly string[];
  /** Whether the switch holds what the host has itself: looked at anew for the first endpoint, since that changes. */
  isOfHost?(config: Config): boolean;
  /** The network's switch before its first address is known. */
  switch(network: string, config: Config, host: HostFacts): S;
  /** What of a switch that is in use goes with the configuration: whatever `settings` do not hold fast. */
  follow?(known: S, config: Config): S;
  /** Other hosts that the configuration itself names; undefined where a directory tells of them. */
  peers?(config: Config): readonly Peer[] | undefined;
  /** What an agent needs to know of it; undefined where the configuration itself names the other hosts. */
  directory?(config: Config): NetworkDirectory | undefined;
  /** What of the network's definition the configuration decides, by key. */
  settings(config: Config): Readonly<Record<string, string>>;
  /** A prefix for a network whose configuration names none; absent: such a network has none. */
  automaticSubnet?(network: string, used: readonly Prefix[]): Prefix;
  /** Pure: equal input gives an equal plan. @throws {CniError} 7 */
  plan(input: PlanInput<Config, S>): Plan<S>;
}
