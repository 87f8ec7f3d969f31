/** Definition of a network whose switch is a bridge with the uplink as a port. Pure. */
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { HostFacts, TakeoverFacts } from "../../lib/model/facts.ts";
import { nothingOfHost } from "../../lib/model/host-configuration.ts";
import { switchName, vlanName } from "../../lib/model/plan.ts";
import type { BridgeSwitch } from "../../lib/model/switch.ts";
import { type Doubt, doubtUplink } from "../../lib/model/uplink-nature.ts";
import type { TransparentConfig } from "./config.ts";
import { mtuOf, requireUplink } from "./uplink.ts";

export function bridgeName(network: string, { bridge }: Pick<TransparentConfig, "bridge">): string {
  return bridge ?? switchName(network);
}

/** @throws {CniError} 106 without an uplink; 7, 50 or 108 when it cannot be taken */
export function bridgeSwitch(network: string, config: TransparentConfig, host: HostFacts): BridgeSwitch {
  const name = bridgeName(network, config);
  const { takeover } = host;
  const { bridge } = takeover ?? {};
  if (config.bridge !== undefined && bridge !== undefined && !bridge.ours)
    return existingSwitch(network, name, config, bridge);
  const uplink = requireUplink(network, config, host);
  requireTakeable(network, config, host);
  const { vlan } = config;
  const mac = takeover?.lower?.mac ?? uplink.mac;
  if (mac === undefined) throw refused(network, errorCode.invalidConfig, notEthernet(uplink.name));
  return {
    kind: "bridge",
    network,
    name,
    // The containers may be given less.
    mtu: Math.max(mtuOf(config, uplink), uplink.mtu),
    gateways: [],
    forwarding: [],
    uplink: uplink.name,
    lower: vlan === undefined ? uplink.name : vlanName(uplink.name, vlan),
    mac,
    host: takeover?.host ?? nothingOfHost,
    ...(vlan === undefined ? {} : { vlan }),
  };
}

type Existing = NonNullable<TakeoverFacts["bridge"]>;

/** The uplink is whatever leads out of it; a named one must be its port already. */
function existingSwitch(
  network: string,
  name: string,
  config: TransparentConfig,
  { kind, mac, mtu, ports }: Existing,
): BridgeSwitch {
  const { uplink = ports[0] ?? name, vlan } = config;
  if (kind !== "bridge" || mac === undefined)
    throw conflict(network, `${name} is of kind ${kind ?? "physical"}, not a bridge`, "name another one");
  if (config.uplink !== undefined && !ports.includes(uplink))
    throw conflict(
      network,
      `the uplink ${uplink} is no port of the bridge ${name}, which is not ours to change`,
      `ip link set ${uplink} master ${name}, or leave uplink out`,
    );
  if (vlan !== undefined)
    throw conflict(
      network,
      `VLAN ${vlan} on the bridge ${name}, which is not ours to change`,
      "leave vlan out, or name a bridge that has the VLAN's interface as its port",
    );
  if (config.mtu !== undefined && config.mtu > mtu)
    throw conflict(network, `mtu ${config.mtu}, but the bridge ${name} carries ${mtu}`, "lower it");
  return {
    kind: "bridge",
    network,
    name,
    mtu,
    gateways: [],
    forwarding: [],
    uplink,
    lower: uplink,
    mac,
    host: nothingOfHost,
    existing: true,
  };
}

/** Guesses can be overruled; what cannot work cannot. */
function requireTakeable(network: string, { checkUplink }: TransparentConfig, host: HostFacts): void {
  const doubts = host.nature === undefined ? [] : doubtUplink(host.nature);
  const [doubt] = doubts.filter(({ guess }) => checkUplink || !guess);
  if (doubt !== undefined) throw refused(network, codes[doubt.reason], doubt);
  const objects = host.takeover?.nexthopObjects ?? [];
  if (objects.length === 0) return;
  throw new CniError(
    errorCode.conflict,
    `network ${network}: routes of the host use next hop objects of the uplink (${objects.join(", ")}), which cannot move to a bridge`,
    {
      reason: "uplink-nexthop-objects",
      details:
        "write those routes without them (ip route ... via ... instead of nhid), or take another kind of switch",
    },
  );
}

const codes: Readonly<Record<Doubt["reason"], number>> = {
  "uplink-not-ethernet": errorCode.invalidConfig,
  "uplink-is-bridge": errorCode.invalidConfig,
  "uplink-kind": errorCode.invalidConfig,
  "uplink-in-use": errorCode.conflict,
  "uplink-wireless": errorCode.notAvailable,
  "uplink-cloud": errorCode.notAvailable,
};

const notEthernet = (name: string): Pick<Doubt, "reason" | "what" | "remedy"> => ({
  reason: "uplink-not-ethernet",
  what: `${name} has no MAC`,
  remedy: "name another uplink",
});

function refused(
  network: string,
  code: number,
  { reason, what, remedy }: Pick<Doubt, "reason" | "what" | "remedy">,
) {
  return new CniError(code, `network ${network}: its uplink cannot be a bridge's port: ${what}`, {
    reason,
    details: remedy,
  });
}

function conflict(network: string, what: string, details: string): CniError {
  return new CniError(errorCode.conflict, `network ${network}: ${what}`, {
    reason: "bridge-differs",
    details,
  });
}
