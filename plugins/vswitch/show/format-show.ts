/** `vswitch show` for people: one table of networks, one of endpoints. Pure. */
import { droppedPackets } from "../../../lib/model/counters.ts";
import { formatBytes, formatCount, formatTable, plural, shortId } from "../format.ts";
import { formatOverlays } from "./format-overlay.ts";
import type { EndpointView, ExternalView, HostView, NetworkView } from "./view.ts";

/** @param empty what to say where there is nothing. @param nowMs milliseconds since 1970 */
export function formatHost({ networks, endpoints }: HostView, empty: string, nowMs: number): string {
  if (networks.length === 0 && endpoints.length === 0) return empty;
  const tables = [formatNetworks(networks), formatOverlays(networks, nowMs)];
  tables.push(endpoints.length === 0 ? "no endpoints" : formatEndpoints(endpoints));
  return tables.filter((text) => text !== "").join("\n\n");
}

function formatNetworks(networks: readonly NetworkView[]): string {
  if (networks.length === 0) return "";
  const header = ["NETWORK", "KIND", "SWITCH", "STATE", "MTU", "SUBNETS", "OUTWARD", "RULES", "ENDPOINTS"];
  const rows = networks.map((network) => [
    network.name,
    network.kind,
    switchWords(network),
    network.state,
    `${network.mtu}`,
    network.subnets.join(" ") || "-",
    outward(network),
    networkRules(network).join(", ") || "-",
    `${network.endpoints}`,
  ]);
  return formatTable([header, ...rows], { right: [4, 8] });
}

/** `vsw-nat`, `macvlan on eth0`. */
export const switchWords = ({ external, switch: name }: NetworkView): string =>
  external?.stacked === true ? `${external.kind} on ${name}` : name;

/** How its packets leave the host. */
export function outward({ masquerade, exceptions, uplink, external }: NetworkView): string {
  if (external !== undefined) return `${outwardWords[external.kind]} ${external.uplink}${tagWords(external)}`;
  const how = masquerade ? "masqueraded" : "routed";
  const by = uplink === undefined ? "no default route" : `by ${uplink}`;
  return `${how} ${by}${exceptions.length > 0 ? `, not to ${exceptions.join(" ")}` : ""}`;
}

/** With which MAC the wire sees its containers. */
const outwardWords: Readonly<Record<ExternalView["kind"], string>> = {
  macvlan: "own MACs by",
  ipvlan: "the host's MAC by",
  routed: "the host's MAC, routed by",
  bridge: "own MACs, bridged by",
};

const tagWords = ({ vlan }: ExternalView): string => (vlan === undefined ? "" : `, VLAN ${vlan}`);

/** Who reaches whom. */
export function networkRules({ isolated, reachable, external }: NetworkView): readonly string[] {
  if (external?.stacked === true)
    return [
      ...(external.mode === undefined ? [] : [`mode ${external.mode}`]),
      external.hostAdapter === undefined ? "not the host" : `the host by ${external.hostAdapter}`,
    ];
  const from = reachable === true ? "all networks" : reachable.join(" ");
  return [...(isolated ? ["isolated"] : []), ...(from === "" ? [] : [`reachable from ${from}`])];
}

export function formatEndpoints(endpoints: readonly EndpointView[]): string {
  const header = ["ENDPOINT", "STATE", "ADDRESSES", "PORT", "POLICIES", "OUT", "IN", "DROPPED"];
  const rows = endpoints.map((one) => [
    `${one.network}/${shortId(one.containerId)}/${one.ifname}`,
    one.state,
    addressWords(one),
    one.port ?? (one.external?.stacked === true ? `on ${one.switch}` : "-"),
    policySummary(one) || "-",
    one.counters === undefined ? "-" : formatBytes(one.counters.out.bytes),
    one.counters === undefined ? "-" : formatBytes(one.counters.in.bytes),
    one.counters === undefined ? "-" : formatCount(droppedPackets(one.counters.drops)),
  ]);
  return formatTable([header, ...rows], { right: [5, 6, 7] });
}

/** Nobody on the host has those of a guest. */
const addressWords = ({ addresses, tap }: EndpointView): string =>
  [...(addresses.length === 0 ? ["-"] : addresses), ...(tap === undefined ? [] : ["(guest)"])].join(" ");

/** `guard, 3 ACLs, 2 ports`. */
function policySummary({ policies }: EndpointView): string {
  const count = (kind: string): number => policies.filter((policy) => policy.kind === kind).length;
  const published = policies.flatMap((policy) =>
    policy.kind === "PortMapping" ? [`${policy.hostPort}/${policy.protocol}`] : [],
  );
  const distinct = new Set(published).size;
  return [
    count("Guard") > 0 ? "guard" : "",
    count("ACL") > 0 ? plural(count("ACL"), "ACL") : "",
    distinct > 0 ? plural(distinct, "port") : "",
    count("OutBoundNAT") > 0 ? "outbound NAT" : "",
    count("QOS") > 0 ? "qos" : "",
  ]
    .filter((word) => word !== "")
    .join(", ");
}
