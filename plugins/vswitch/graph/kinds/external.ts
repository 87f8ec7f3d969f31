/** What there is to say of an external switch, and how it is bound to its uplink. */
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import { type AnyExternalSwitch, isStacked } from "../../../../lib/model/switch.ts";
import { detail, type GraphLine, type GraphMark, line, warning } from "../graph.ts";

/** With which MACs the wire sees the containers. */
const outside: Readonly<Record<AnyExternalSwitch["kind"], string>> = {
  macvlan: "macvlan, own MACs on the wire",
  ipvlan: "ipvlan, the host's MAC there",
  routed: "routed, the host's MAC there",
  bridge: "bridge, own MACs on the wire",
};

const among: Readonly<Record<string, string>> = {
  bridge: "mode bridge: reach each other",
  private: "mode private: kept apart",
  vepa: "mode vepa: by the next switch",
  passthru: "mode passthru: all that arrives",
  l2: "mode l2: reach each other",
};

export function externalLines({ kind }: SceneNetwork, vswitch: AnyExternalSwitch): readonly GraphLine[] {
  const { vlan, uplink, mtu } = vswitch;
  return [
    line(`${kind} network on ${uplink}`),
    ...(vlan === undefined ? [] : [line(`VLAN ${vlan}`)]),
    line(outside[vswitch.kind]),
    ...(isStacked(vswitch)
      ? [
          line(among[vswitch.mode] ?? `mode ${vswitch.mode}`),
          line(vswitch.host === undefined ? "host: not reached" : `host: by ${vswitch.host.name}`),
        ]
      : []),
    detail(`MTU ${mtu}`),
  ];
}

/** What is wrong with the uplink. */
export function uplinkMarks(
  { host }: Scene,
  { uplink, lower, mtu }: AnyExternalSwitch,
): readonly GraphMark[] {
  for (const name of new Set([uplink, lower])) {
    const link = host.interfaces.find((one) => one.name === name);
    if (link === undefined) return [warning(`${name} is gone`, "and what hung on it went with it")];
    if (!link.up) return [warning(`${name} is down`, `ip link set ${name} up`)];
    if (link.carrier === false) return [warning(`${name} has no carrier`, "nothing answers at its cable")];
    if (link.mtu < mtu) return [warning(`MTU of ${name}: ${link.mtu}`, `the network was made for ${mtu}`)];
  }
  return [];
}
