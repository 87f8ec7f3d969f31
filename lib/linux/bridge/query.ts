/** What networks ask of the host that make more of its uplink than a place to hang things on. Changes nothing. */
import type { HostFacts, HostQuery, TakeoverFacts } from "../../model/facts.ts";
import { nothingOfHost } from "../../model/host-configuration.ts";
import { vlanName } from "../../model/plan.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { markedKey, markedNetwork, markedUplink, networkMark } from "../mark.ts";
import { uplinkFacts } from "../observe.ts";
import { readNature } from "../uplink-nature.ts";
import { readHostConfiguration } from "./host-configuration.ts";
import { portsOf } from "./state.ts";

/** @param named the uplink that the configuration names */
export function observeQuery(
  machine: Machine,
  facts: HostFacts,
  named: string | undefined,
  query: HostQuery,
): HostFacts {
  const { host } = machine;
  const { takeover } = query;
  const bridge = takeover && linkOf(host, takeover.bridge);
  const ours = bridge !== undefined && markedNetwork(bridge.alias) === networkMark(takeover?.network ?? "");
  const uplink = uplinkOf(host, facts, named, ours ? bridge : undefined);
  return {
    ...facts,
    ...(uplink === undefined ? {} : { uplink: uplinkFacts(host, uplink) }),
    ...(query.nature && uplink
      ? { nature: readNature(host, uplink.index, ours ? bridge?.index : undefined, machine.sysRoot) }
      : {}),
    ...(takeover && uplink ? { takeover: takeoverFacts(machine, uplink, bridge, ours, takeover) } : {}),
  };
}

/** Once the bridge has taken it, the default route leads out of the bridge. */
function uplinkOf(
  host: Netlink,
  facts: HostFacts,
  named: string | undefined,
  ours: Link | undefined,
): Link | undefined {
  const taken = markedUplink(ours?.alias)?.lower;
  const lower =
    named === undefined && facts.uplink?.name === ours?.name && taken ? linkOf(host, taken) : undefined;
  // A VLAN hangs on the uplink.
  const found =
    lower?.kind === "vlan" && lower.peerIndex !== undefined ? linkOf(host, lower.peerIndex) : lower;
  return found ?? (facts.uplink === undefined ? undefined : linkOf(host, facts.uplink.name));
}

function takeoverFacts(
  machine: Machine,
  uplink: Link,
  bridge: Link | undefined,
  ours: boolean,
  { lower: wanted }: NonNullable<HostQuery["takeover"]>,
): TakeoverFacts {
  const { host } = machine;
  const lower = wanted === "uplink" ? uplink : linkOf(host, vlanName(uplink.name, wanted.vlan));
  const taken = ours && lower !== undefined && lower.master === bridge?.index;
  const holder = taken ? bridge : lower;
  const { nexthopObjects, ...onHolder } =
    holder === undefined ? { ...nothingOfHost, nexthopObjects: [] } : readHostConfiguration(machine, holder);
  return {
    ...(lower === undefined ? {} : { lower: { mtu: lower.mtu, ...(lower.mac && { mac: lower.mac }) } }),
    host: onHolder,
    taken,
    unfinished: taken && markedUplink(bridge?.alias)?.moving === "taking",
    nexthopObjects: taken ? [] : nexthopObjects,
    ...(bridge === undefined
      ? {}
      : {
          bridge: {
            mtu: bridge.mtu,
            ours,
            ports: portsOf(host, bridge)
              .filter((port) => markedKey(port.alias) === undefined)
              .map(({ name }) => name),
            ...(bridge.kind && { kind: bridge.kind }),
            ...(bridge.mac && { mac: bridge.mac }),
          },
        }),
  };
}
