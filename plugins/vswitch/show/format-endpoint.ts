/** One endpoint, or one network, with all that is known of it. Pure. */

import { type Drops, droppedPackets } from "../../../lib/model/counters.ts";
import { formatRoute } from "../../../lib/model/diff.ts";
import { formatPolicy } from "../../../lib/policy/format-policy.ts";
import { formatAge, formatBytes, formatTable, plural } from "../format.ts";
import type { EffectiveAcls } from "./effective.ts";
import { formatPeers, overlayFacts } from "./format-overlay.ts";
import { formatEndpoints, networkRules, outward, switchWords } from "./format-show.ts";
import type { EndpointView, ExternalView, NetworkView, TapView } from "./view.ts";

const indent = "  ";

/** @param nowMs milliseconds since 1970 */
export function formatEndpoint(one: EndpointView, nowMs: number): string {
  const { network, containerId, ifname, addresses, routes } = one;
  const facts: (readonly [string, string | undefined])[] = [
    ["state", `${one.state}, attached ${formatAge(nowMs - one.createdMs)} ago`],
    ["compartment", one.compartment || "unknown: the state was rebuilt from the kernel"],
    ["interface", one.mac === undefined ? ifname : `${ifname}  ${one.mac}  mtu ${one.mtu}`],
    ...(one.tap === undefined ? [] : guestFacts(one, one.tap)),
    ["addresses", addresses.join("  ")],
    ["routes", routes.map(formatRoute).join("; ")],
    ["port", one.port === undefined ? undefined : `${one.port} on ${one.switch}`],
    ...uplinkFacts(one),
    ["key", one.key],
  ];
  const known = facts.flatMap(([name, value]) => (value ? [[name, value]] : []));
  return [
    `endpoint ${network}/${containerId}/${ifname}`,
    formatTable(known, { indent }),
    ...formatLayers(one),
    ...formatCounters(one),
  ].join("\n");
}

/** @param nowMs milliseconds since 1970 */
export function formatNetwork(
  network: NetworkView,
  endpoints: readonly EndpointView[],
  nowMs: number,
): string {
  const { overlay } = network;
  const facts: (readonly [string, string])[] = [
    ["switch", `${switchWords(network)}, ${network.state}, mtu ${network.mtu}`],
    [
      "subnets",
      `${network.subnets.join("  ") || "none yet"}${network.automatic ? "  (chosen by itself)" : ""}`,
    ],
    ...(network.external === undefined ? routedFacts(network) : externalFacts(network, network.external)),
    ...(overlay === undefined ? [] : overlayFacts(overlay, nowMs)),
  ];
  return [
    `network ${network.name} (${network.kind})`,
    formatTable(facts, { indent }),
    "",
    ...(overlay === undefined ? [] : [formatPeers(overlay), ""]),
    endpoints.length === 0 ? "no endpoints" : formatEndpoints(endpoints),
  ].join("\n");
}

const routedFacts = (network: NetworkView): readonly (readonly [string, string])[] => [
  ["gateways", network.gateways.join("  ") || "none: no container is on it"],
  ["outward", outward(network)],
  ["refused", `${plural(droppedPackets(network.drops), "packet")} of other networks`],
  ["rules", networkRules(network).join(", ") || "none: containers of other networks do not reach it"],
];

const externalFacts = (
  network: NetworkView,
  external: ExternalView,
): readonly (readonly [string, string])[] => [
  ["outward", outward(network)],
  ["mode", external.mode === undefined ? "" : `${external.mode}: ${modeWords[external.mode] ?? ""}`],
  ["host", hostWords(external)],
];

/** What macvlans in each mode do to each other. */
const modeWords: Readonly<Record<string, string>> = {
  bridge: "its containers reach each other within the kernel",
  private: "its containers do not reach each other",
  vepa: "what its containers send each other goes by way of the next switch, if that sends it back",
  passthru: "its only container gets all that arrives",
};

function hostWords({ stacked, hostAdapter, uplink }: ExternalView): string {
  if (!stacked) return "reached, by its own addresses";
  if (hostAdapter !== undefined) return `reached, by its adapter ${hostAdapter}`;
  return `not reached: ${uplink} and what hangs on it do not reach each other (hostAccess: true)`;
}

/** Of a guest: nothing on the host has what it has. */
function guestFacts(
  { containerId, addresses }: EndpointView,
  tap: TapView,
): readonly (readonly [string, string])[] {
  const has = addresses.length > 0 ? "the guest has the addresses" : "the guest asks for addresses itself";
  return [
    ["vNIC", `vmNic: ${has} (vswitch guest-config --container ${containerId})`],
    ["tap", [tapPlace(tap), tapRights(tap), ...tapFormat(tap)].join(", ")],
  ];
}

const tapPlace = ({ name, joined }: TapView): string =>
  joined === undefined ? `${name}, the port itself` : `${name} in the compartment, joined to ${joined}`;

/** Who may open it: with both, who is the one and in the other. */
function tapRights({ owner, group }: TapView): string {
  const who = [
    ...(owner === undefined ? [] : [`user ${owner}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
  ];
  return `for ${who.length === 0 ? "root alone" : who.join(" and ")}`;
}

const tapFormat = ({ multiQueue, vnetHeader }: TapView): readonly string[] => [
  multiQueue ? "several queues" : "one queue",
  ...(vnetHeader ? [] : ["no vnet header"]),
];

/** Of a vNIC that has no port on the host. */
function uplinkFacts({ external, switch: lower }: EndpointView): readonly (readonly [string, string])[] {
  if (external === undefined || !external.stacked) return [];
  const { kind, mode, vlan } = external;
  const words = [kind, ...(mode === undefined ? [] : [`mode ${mode}`])].join(" ");
  return [
    ["uplink", `${words} on ${lower}${vlan === undefined ? "" : `, VLAN ${vlan}`}; no port on the host`],
    ["host", hostWords(external)],
  ];
}

/** What a packet meets, in this order. */
function formatLayers(one: EndpointView): readonly string[] {
  const of = (...kinds: readonly string[]): string[] =>
    one.policies.filter(({ kind }) => kinds.includes(kind)).map(formatPolicy);
  const layer = (name: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`${indent}${name}`, ...lines.map((line) => `${indent}${indent}${line}`)];
  if (one.external?.stacked === true)
    return [`${indent}no policies: nothing of the host is between it and the wire`];
  if (one.policies.length === 0 && one.acls.length === 0)
    return one.port === undefined ? [] : [`${indent}no policies: the port lets everything pass`];
  return [
    ...layer("guard", of("Guard")),
    ...one.acls.flatMap((acls) => [`${indent}acl ${direction(acls)}`, formatAcls(acls)]),
    ...layer("nat", of("OutBoundNAT", "PortMapping")),
    ...layer("qos", of("QOS")),
  ];
}

const direction = ({ direction: which }: EffectiveAcls): string =>
  which === "In" ? "In (to the container)" : "Out (from the container)";

function formatAcls({ rules, rest }: EffectiveAcls): string {
  const rows = rules.map(({ priority, action, protocol, local, remote, id }) => [
    `${priority}`,
    action,
    protocol,
    `local ${local}`,
    `remote ${remote}`,
    id ?? "",
  ]);
  const table = formatTable(rows, { indent: indent + indent, right: [0] });
  const widest = Math.max(1, ...rules.map(({ priority }) => `${priority}`.length));
  const last = `${indent}${indent}${"-".padStart(widest)}  ${rest.action}  the rest  (${rest.why})`;
  return rows.length === 0 ? last : `${table}\n${last}`;
}

function formatCounters({ counters }: EndpointView): readonly string[] {
  if (counters === undefined) return [];
  const { in: into, out, drops } = counters;
  const row = (name: string, packets: number, bytes: number | undefined): string[] => [
    name,
    plural(packets, "packet"),
    bytes === undefined ? "" : formatBytes(bytes),
  ];
  return [
    `${indent}counters`,
    formatTable(
      [
        row("out", out.packets, out.bytes),
        row("in", into.packets, into.bytes),
        ...drops.map((one) => row(dropName(one), one.packets, one.bytes)),
      ],
      { indent: indent + indent, right: [1, 2] },
    ),
  ];
}

/** `dropped by acl, out: spoofed`. */
function dropName({ layer, direction: which, reason }: Drops): string {
  return `dropped by ${layer}, ${which.toLowerCase()}${reason === undefined ? "" : `: ${reason}`}`;
}
