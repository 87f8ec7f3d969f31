/** Steps that make a switch what the plan says: created when absent, compared when present. Pure. */
import { type Prefix, prefixFamily } from "../../addr/prefix.ts";
import { CniError, errorCode } from "../../cni/error.ts";
import {
  type HostedSwitch,
  isHosted,
  isOverlay,
  isRouted,
  type PortedSwitch,
  type RoutedSwitch,
  switchAddresses,
  switchFamilies,
} from "../../model/switch.ts";
import type { Request } from "../../netlink/message.ts";
import { addAddress } from "../../netlink/route/address.ts";
import { createBridge } from "../../netlink/route/bridge.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { takeUplink } from "../bridge/take.ts";
import { baseTable, repairTable, replaceTable } from "../layout/base-table.ts";
import { encodeAdd } from "../layout/element-requests.ts";
import { LAYOUT_VERSION } from "../layout/table.ts";
import {
  markedNetwork,
  networkMark,
  overlayAlias,
  parseRoutedAlias,
  routedAlias,
  switchAlias,
} from "../mark.ts";
import type { SwitchState } from "../observe.ts";
import type { HostSetting } from "../routed/settings.ts";
import type { Action, Step } from "../step.ts";
import { requireUplink } from "../uplink.ts";
import { switchElements } from "./elements.ts";

/** Switches whose bridge is ours alone. */
type Switch = HostedSwitch | RoutedSwitch;

const tunnels = () => require("../overlay/tunnel.ts") as typeof import("../overlay/tunnel.ts");

/**
 * @returns nothing when the switch is as planned
 * @throws {CniError} 108 when something else bears its name, 106 when its uplink is gone or down
 */
export function compileSwitch(wanted: PortedSwitch, found: SwitchState): readonly Step[] {
  requireTables(found);
  const links = wanted.kind === "bridge" ? taken(wanted, found) : own(wanted, found);
  const tunnel = isOverlay(wanted) && found.tunnel ? tunnels().compileTunnel(wanted, found.tunnel) : [];
  const elements = typeof found.layout === "number" ? switchElements(wanted) : found.missing;
  const steps = [...tables(found), ...links];
  if (elements.length > 0)
    steps.push(rules(`elements of network ${wanted.network}`, () => encodeAdd(elements), []));
  // Behind the elements by which it takes nothing from strangers.
  steps.push(...tunnel);
  // Looking its index up is no work by itself.
  return steps.every((step) => step.action.kind === "learn") ? [] : steps;
}

function taken(
  wanted: Extract<PortedSwitch, { kind: "bridge" }>,
  { link, bridge }: SwitchState,
): readonly Step[] {
  if (bridge === undefined) throw new Error(`nobody looked at the uplink of ${wanted.name}`);
  return takeUplink(wanted, link, bridge);
}

function tables(found: SwitchState): readonly Step[] {
  const steps: Step[] = [];
  if (found.layout === "absent") steps.push(rules("tables inet and bridge vswitch", baseTable, ["EEXIST"]));
  if (typeof found.layout === "number")
    steps.push(rules(`tables inet and bridge vswitch in place of layout ${found.layout}`, replaceTable, []));
  if (found.layout === "damaged")
    steps.push(rules("the rules of tables inet and bridge vswitch", repairTable, []));
  return steps;
}

function own(wanted: Switch, found: SwitchState): readonly Step[] {
  requireOurs(wanted, found);
  if (isRouted(wanted)) requireUplink(wanted, found.routed?.proxy);
  const missing = missingAddresses(wanted, found);
  const alias = aliasOf(wanted, found);
  const steps: Step[] = [];
  if (found.link === undefined) steps.push(...create(wanted));
  else steps.push({ ...shared(`learn ${wanted.name}`), action: learn(wanted.name) });
  const { link, routed } = found;
  for (const { key, value } of routed?.bridge ?? []) steps.push(sysctl(key, value));
  const tells = isRouted(wanted) || isOverlay(wanted);
  const unmarked = link?.alias === undefined || (tells && link.alias !== alias);
  if (!link?.up || missing.length > 0 || unmarked) steps.push(...configure(wanted, missing, alias));
  // Behind the mark that tells of them.
  for (const { key, value } of routed?.host ?? []) steps.push(sysctl(key, value));
  steps.push(...forwarding(wanted, found));
  return steps;
}

const shared = (title: string) => ({ title, scope: "switch" }) as const;

const learn = (name: string): Action => ({ kind: "learn", where: "host", role: "switch", name });

/** Encoded when they are sent: whether there is work to do is asked before the lock is taken, and once more behind it. */
function rules(title: string, encode: () => readonly Request[], accept: NonNullable<Step["accept"]>): Step {
  return {
    ...shared(`add ${title}`),
    action: {
      kind: "rules",
      get requests() {
        return encode();
      },
    },
    accept,
  };
}

function sysctl(key: readonly string[], value: string, optional = false): Step {
  return {
    ...shared(`sysctl net.${key.join(".")}=${value}`),
    action: { kind: "sysctl", where: "host", key, value, optional },
  };
}

/** Frames to the group addresses of bridges pass no guard: no MAC is learned of them. Without its MTU: what a bridge is made with, the kernel changes with the ports that come and go. */
function create({ name, mac }: Switch): readonly Step[] {
  const request = createBridge({ name, mac, linkLocalLearning: false });
  return [
    { ...shared(request.title), action: { kind: "host", requests: () => [request] } },
    { ...shared(`learn ${name}`), action: learn(name) },
  ];
}

/** Settings come before the link is up: no router advertisement of a container is ever accepted. */
function configure(wanted: Switch, missing: readonly Prefix[], alias: string): readonly Step[] {
  const { name, mtu } = wanted;
  const families = switchFamilies(wanted);
  const steps: Step[] = [];
  // Of a routed switch they are looked at one by one, before.
  if (families.has(6) && !isRouted(wanted)) {
    for (const [key, value] of [
      ["disable_ipv6", "0"],
      ["accept_ra", "0"],
      ["accept_dad", "0"],
    ] as const) {
      steps.push(sysctl(["ipv6", "conf", name, key], value));
    }
  }
  if (!families.has(6)) steps.push(sysctl(["ipv6", "conf", name, "disable_ipv6"], "1", true));
  // Lets the host reach published ports through 127.0.0.1; the layout's loopback_guard keeps containers out.
  if (isHosted(wanted) && families.has(4)) steps.push(sysctl(["ipv4", "conf", name, "route_localnet"], "1"));
  const add = missing.length > 0 || isHosted(wanted) ? `addr add ${missing.join(" ")} dev ${name}; ` : "";
  steps.push({
    ...shared(`${add}link set ${name} up`),
    action: {
      kind: "host",
      requests: (index) => [
        ...missing.map((address) =>
          addAddress({ index: index("switch"), address, ...noDad(prefixFamily(address)) }),
        ),
        setLink(name, { up: true, mtu, alias }),
      ],
    },
    accept: ["EEXIST"],
  });
  return steps;
}

function missingAddresses(wanted: Switch, { addresses }: SwitchState): readonly Prefix[] {
  return switchAddresses(wanted).filter((address) => !addresses.includes(address));
}

/** A routed network's tells what was changed for it outside of its bridge. */
function aliasOf(wanted: Switch, { link, routed }: SwitchState): string {
  if (isOverlay(wanted)) return overlayAlias(wanted.network, wanted.gateways, wanted);
  if (!isRouted(wanted)) return switchAlias(wanted.network, wanted.gateways);
  const named = (routed?.host ?? []).map(({ name }: HostSetting) => name);
  const changed = [...new Set([...(parseRoutedAlias(link?.alias)?.changed ?? []), ...named])];
  return routedAlias(wanted.network, { proxy: wanted.lower, changed });
}

/** We are the only one to give addresses of this subnet away: asking around would cost a second. */
const noDad = (family: number) => (family === 6 ? { noDad: true } : {});

/** Only for the families the network has, and only when it is off. */
function forwarding({ forwarding }: Switch, found: SwitchState): readonly Step[] {
  const steps: Step[] = [];
  if (forwarding.includes(4) && !found.forwarding[4]) steps.push(sysctl(["ipv4", "ip_forward"], "1"));
  if (forwarding.includes(6) && !found.forwarding[6]) {
    // A host that forwards ignores router advertisements and would lose its own default route.
    for (const name of found.advertised) steps.push(sysctl(["ipv6", "conf", name, "accept_ra"], "2"));
    steps.push(sysctl(["ipv6", "conf", "all", "forwarding"], "1"));
  }
  return steps;
}

function requireTables({ layout }: SwitchState): void {
  const newer = typeof layout === "number" && layout > LAYOUT_VERSION;
  if (layout === "foreign" || newer) {
    const is = layout === "foreign" ? "is not of this project" : `has layout ${layout}`;
    throw differs(
      `nftables table vswitch (inet or bridge) ${is}`,
      `layout ${LAYOUT_VERSION}`,
      "remove it: nft delete table inet vswitch; nft delete table bridge vswitch",
    );
  }
}

function requireOurs(wanted: Switch, { link, addresses }: SwitchState): void {
  if (link === undefined) return;
  const { name, network, mac, mtu } = wanted;
  const rename = `remove it, or choose another name by "bridge"`;
  if (link.kind !== "bridge")
    throw differs(`interface ${name} is of kind ${link.kind ?? "physical"}`, "a bridge", rename);
  const owner = markedNetwork(link.alias);
  // The kernel takes no alias with a new link: an ADD that was killed in between left our MAC and no mark.
  const unfinished = link.alias === undefined && link.mac === mac;
  if (owner !== networkMark(network) && !unfinished) {
    const held = `bridge ${name} with addresses [${addresses.join(", ")}] ${owner === undefined ? "is not ours" : `belongs to network ${owner}`}`;
    throw differs(held, `a bridge of network ${network} with [${wanted.gateways.join(", ")}]`, rename);
  }
  const restore = "restore it, or remove the network's containers and the bridge";
  if (link.mac !== mac) throw differs(`bridge ${name} has MAC ${link.mac}`, mac, restore);
  if (link.mtu !== mtu && !unfinished) throw differs(`bridge ${name} has MTU ${link.mtu}`, `${mtu}`, restore);
}

function differs(found: string, wanted: string, remedy: string): CniError {
  return new CniError(errorCode.conflict, `${found}, the configuration wants ${wanted}`, {
    reason: "switch-differs",
    details: remedy,
  });
}
