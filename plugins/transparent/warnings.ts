/** What the operator should know when a network is defined on this host. Pure. */
import type { HostFacts } from "../../lib/model/facts.ts";
import { doubtUplink } from "../../lib/model/uplink-nature.ts";
import { bridgeName } from "./bridge.ts";
import type { TransparentConfig } from "./config.ts";

export function transparentWarnings(
  network: string,
  config: TransparentConfig,
  host: HostFacts,
): readonly string[] {
  return [...doubts(network, config, host), ...leases(network, config, host)];
}

/** A bridge refuses such an uplink; a macvlan of it may be what somebody wants all the same. */
function doubts(
  network: string,
  { kind, checkUplink }: TransparentConfig,
  { nature }: HostFacts,
): readonly string[] {
  if (kind !== "macvlan" || nature === undefined || !checkUplink) return [];
  return doubtUplink(nature)
    .filter(({ guess }) => guess)
    .map(({ what, remedy }) => `network ${network}: ${what}; containers may reach nobody: ${remedy}`);
}

/** What gave the address goes on giving it to the uplink, and never hears of the bridge. */
function leases(
  network: string,
  config: TransparentConfig,
  { uplink, takeover }: HostFacts,
): readonly string[] {
  if (takeover === undefined || takeover.taken || (takeover.bridge !== undefined && !takeover.bridge.ours))
    return [];
  const bridge = bridgeName(network, config);
  return takeover.host.addresses
    .filter(({ validS, learnt }) => validS !== undefined && !learnt)
    .map(
      ({ address, validS }) =>
        `network ${network}: ${address} is lent to ${uplink?.name} for ${validS} s more: the bridge ${bridge} takes it over, ` +
        `but a DHCP client of the host has to renew it: point the client at ${bridge}, which has the same MAC`,
    );
}
