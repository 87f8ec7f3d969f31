/** Definition of a nat network: its switch, and the prefix it gets when nobody names one. Pure. */
import { ipFromNumber, ipNumber } from "../../lib/addr/ip.ts";
import { overlaps, type Prefix, prefix, prefixAddress, prefixOf } from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { HostedConfig } from "../../lib/hosted/config.ts";
import { hostedSettings, hostedSwitch } from "../../lib/hosted/network.ts";
import type { HostFacts } from "../../lib/model/facts.ts";
import { digest } from "../../lib/model/owner.ts";
import { switchMac, switchName } from "../../lib/model/plan.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";

/** Where automatic prefixes come from, as on Windows: a /20 of 172.16.0.0/12. */
const automaticPool = prefix("172.16.0.0/12");
const automaticLength = 20;
const automaticCount = 2 ** (automaticLength - 12);

/** MTU of a network on a host without a default route, in bytes. */
const defaultMtu = 1500;

/**
 * A /20 that overlaps nothing in `used`. Where the search begins derives from the network's name, so that hosts
 * differ less from boot to boot and networks of one host do not fight for the same one.
 *
 * @throws {CniError} 102 when every candidate is taken
 */
export function automaticSubnet(network: string, used: readonly Prefix[]): Prefix {
  const start = Number.parseInt(digest("subnet", network).slice(0, 8), 16) % automaticCount;
  const base = ipNumber(prefixAddress(automaticPool));
  for (let i = 0; i < automaticCount; i++) {
    const offset = BigInt((start + i) % automaticCount) << BigInt(32 - automaticLength);
    const candidate = prefixOf(ipFromNumber(4, base + offset), automaticLength);
    if (!used.some((other) => overlaps(candidate, other))) return candidate;
  }
  throw new CniError(
    errorCode.poolExhausted,
    `choose a subnet for network ${network}: every /20 of ${automaticPool} is in use`,
    {
      reason: "no-free-subnet",
      details: 'name one in the configuration: "ipam": {"subnet": "10.88.0.0/16"}',
    },
  );
}

/** The network's switch before its first address is known. */
export function natSwitch(network: string, config: HostedConfig, host: HostFacts): InternalSwitch {
  return {
    kind: "internal",
    network,
    name: config.bridge ?? switchName(network),
    mac: switchMac(network),
    mtu: config.mtu ?? host.uplink?.mtu ?? defaultMtu,
    gateways: [],
    forwarding: [],
    ...hostedSwitch(config),
  };
}

/** What of a network's definition the configuration decides, by key: what must not change while it is in use. */
export const natSettings = hostedSettings;
