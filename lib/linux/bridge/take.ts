/** Steps that give a bridge the uplink as a port, and the host its place on the bridge. Pure. */
import { CniError, errorCode } from "../../cni/error.ts";
import type { HostConfiguration } from "../../model/host-configuration.ts";
import { nothingOfHost } from "../../model/host-configuration.ts";
import { switchMac } from "../../model/plan.ts";
import type { BridgeSwitch } from "../../model/switch.ts";
import { createBridge } from "../../netlink/route/bridge.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { markedNetwork, markedUplink, networkMark, takenAlias } from "../mark.ts";
import { compileVlan } from "../stacked/switch.ts";
import type { Step } from "../step.ts";
import { requireUplink } from "../uplink.ts";
import { both, lostOf } from "./lost.ts";
import { moveHost } from "./move-host.ts";
import type { Setting } from "./settings.ts";
import type { BridgeState } from "./state.ts";

/**
 * @param bridge what bears its name
 * @returns nothing when the uplink is where it shall be; else all of it, whatever was done already
 * @throws {CniError} 106 without uplink or bridge, 108 when one of them is somebody else's
 */
export function takeUplink(
  wanted: BridgeSwitch,
  bridge: Link | undefined,
  found: BridgeState,
): readonly Step[] {
  if (wanted.existing) {
    requireExisting(wanted, bridge);
    return [];
  }
  const uplink = requireUplink(wanted, found.uplink);
  requireOurs(wanted, bridge);
  requireFree(wanted, bridge, found.lower);
  if (found.settled) return [];
  const vlan = wanted.vlan === undefined ? [] : compileVlan(wanted, wanted.vlan, uplink, found.lower);
  return [
    ...vlan,
    ...(bridge === undefined ? create(wanted) : []),
    learn("switch", wanted.name),
    learn("uplink", wanted.lower),
    ...(isPort(bridge, found) ? raise(wanted, bridge) : prepare(wanted, bridge, found.settings)),
    take(wanted, bridge, found),
    {
      ...shared(`link set ${wanted.name} alias "${takenAlias(wanted.network, wanted.lower)}"`),
      action: {
        kind: "host",
        requests: () => [setLink(wanted.name, { alias: takenAlias(wanted.network, wanted.lower) })],
      },
    },
  ];
}

const shared = (title: string) => ({ title, scope: "switch" }) as const;

const learn = (role: "switch" | "uplink", name: string): Step => ({
  ...shared(`learn ${name}`),
  action: { kind: "learn", where: "host", role, name },
});

/** Until it bears the network's mark it has the MAC that only a switch of this network has. */
function create({ name, network }: BridgeSwitch): readonly Step[] {
  const request = createBridge({ name, mac: switchMac(network), linkLocalLearning: false });
  return [{ ...shared(request.title), action: { kind: "host", requests: () => [request] } }];
}

const isPort = (bridge: Link | undefined, { lower }: BridgeState): boolean =>
  bridge !== undefined && lower?.master === bridge.index;

const raise = ({ name }: BridgeSwitch, bridge: Link | undefined): readonly Step[] =>
  bridge?.up
    ? []
    : [
        {
          ...shared(`link set ${name} up`),
          action: { kind: "host", requests: () => [setLink(name, { up: true })] },
        },
      ];

/**
 * Before it has the uplink: nothing comes in that the uplink would not have let in, and no address is made by itself. One
 * that is there and has its MAC is not given it again: the kernel would forget all neighbours.
 */
function prepare(
  { name, network, lower, mac, mtu }: BridgeSwitch,
  bridge: Link | undefined,
  settings: readonly Setting[],
): readonly Step[] {
  const alias = takenAlias(network, lower, "taking");
  const changes = { ...(bridge?.mac === mac ? {} : { mac }), mtu, alias };
  return [
    {
      ...shared(`link set ${name}${changes.mac ? ` address ${mac}` : ""} mtu ${mtu} alias "${alias}"`),
      action: { kind: "host", requests: () => [setLink(name, changes)] },
    },
    ...settings.map(
      ({ family, name: key, value }): Step => ({
        ...shared(`sysctl net.${family}.conf.${name}.${key}=${value}`),
        action: {
          kind: "sysctl",
          where: "host",
          key: [family, "conf", name, key],
          value,
          optional: true,
        },
      }),
    ),
    {
      ...shared(`link set ${name} addrgenmode none up`),
      action: {
        kind: "host",
        requests: () => [setLink(name, { addrGenMode: "none" }), setLink(name, { up: true })],
      },
      accept: ["EAFNOSUPPORT"],
    },
  ];
}

/**
 * What is refused leaves the host where it was: on the uplink, or on the bridge but for what was to follow. A bridge that was
 * made for this goes again.
 */
function take(wanted: BridgeSwitch, bridge: Link | undefined, found: BridgeState): Step {
  const configuration = toMove(wanted, bridge, found);
  const { name, lower } = wanted;
  const { onBridge } = found;
  const stays = isPort(bridge, found) && onBridge === undefined;
  return {
    ...shared(`link set ${lower} master ${name}; all that the host has on ${lower} to ${name}`),
    action: {
      kind: "together",
      deeds: (index) =>
        moveHost({
          configuration,
          from: index("uplink"),
          to: index("switch"),
          port: { index: index("uplink"), master: index("switch") },
        }),
      back: (index) => [
        ...moveHost({
          configuration: onBridge === undefined ? configuration : both(configuration, onBridge),
          from: index("switch"),
          to: index("uplink"),
          port: { index: index("uplink"), master: stays ? index("switch") : 0 },
        }),
        ...(bridge === undefined ? [{ request: deleteLink(index("switch")) }] : []),
      ],
    },
  };
}

/** What is on the uplink; and what a takeover that broke off had in its hands, which is nowhere then but in the journal. */
function toMove(
  wanted: BridgeSwitch,
  bridge: Link | undefined,
  { lower, onLower = { ...nothingOfHost, nexthopObjects: [] }, onBridge }: BridgeState,
): HostConfiguration {
  const { nexthopObjects: _, addrGenMode, ...there } = onLower;
  if (bridge === undefined || lower?.master !== bridge.index)
    return { ...there, ...(addrGenMode === undefined ? {} : { addrGenMode }) };
  // A port makes no address by itself: how the uplink did, its own setting does not tell any more.
  if (onBridge === undefined) return there;
  const { host } = wanted;
  const mode = host.addrGenMode === undefined ? {} : { addrGenMode: host.addrGenMode };
  return both({ ...there, ...mode }, lostOf(host, [there, onBridge]));
}

function requireExisting({ name, network, mtu }: BridgeSwitch, bridge: Link | undefined): void {
  if (bridge === undefined || !bridge.up) {
    const state = bridge === undefined ? "does not exist" : "is down";
    throw new CniError(errorCode.dependencyMissing, `network ${network}: its bridge ${name} ${state}`, {
      reason: bridge === undefined ? "bridge-missing" : "bridge-down",
      details: `it is not ours: bring it back, or remove the network's containers`,
    });
  }
  if (bridge.kind !== "bridge")
    throw differs(`interface ${name} is of kind ${bridge.kind ?? "physical"}`, "a bridge");
  if (bridge.mtu < mtu) throw differs(`bridge ${name} has MTU ${bridge.mtu}`, `${mtu}`);
}

function requireOurs({ name, network }: BridgeSwitch, bridge: Link | undefined): void {
  if (bridge === undefined) return;
  if (bridge.kind !== "bridge")
    throw differs(`interface ${name} is of kind ${bridge.kind ?? "physical"}`, "a bridge");
  const unfinished = bridge.alias === undefined && bridge.mac === switchMac(network);
  const ours =
    markedNetwork(bridge.alias) === networkMark(network) && markedUplink(bridge.alias) !== undefined;
  if (!ours && !unfinished)
    throw differs(
      `bridge ${name} ${bridge.alias === undefined ? "is not ours" : `says "${bridge.alias}"`}`,
      `that of network ${network}`,
    );
}

function requireFree(
  { network, lower }: BridgeSwitch,
  bridge: Link | undefined,
  port: Link | undefined,
): void {
  if (port?.master === undefined || port.master === bridge?.index) return;
  throw new CniError(
    errorCode.conflict,
    `network ${network}: its uplink ${lower} is a part of another interface (index ${port.master})`,
    { reason: "uplink-in-use", details: `ip link set ${lower} nomaster` },
  );
}

function differs(found: string, wanted: string): CniError {
  return new CniError(errorCode.conflict, `${found}, the configuration wants ${wanted}`, {
    reason: "switch-differs",
    details: `rename or remove it, or choose another name by "bridge"`,
  });
}
