/** MTU of a vNIC: what it may be on its switch and with its addresses. Pure. */
import { type Prefix, prefixFamily } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Switch } from "../model/switch.ts";

/** Least MTU of a link that carries IPv6 (RFC 8200 5): below it the kernel has no IPv6 on the link at all. */
const leastMtu6 = 1280;

/** @param wanted of InterfaceParameters, which may lower what the switch carries. @throws {CniError} 7 */
export function vnicMtu(wanted: number | undefined, vswitch: Pick<Switch, "name" | "mtu">): number {
  if (wanted === undefined || wanted <= vswitch.mtu) return wanted ?? vswitch.mtu;
  throw new CniError(
    errorCode.invalidConfig,
    `InterfaceParameters Mtu ${wanted}: the switch ${vswitch.name} carries ${vswitch.mtu}`,
    { reason: "mtu-too-large", details: "lower it, or raise the network's mtu" },
  );
}

/** @throws {CniError} 7 when one of the addresses cannot be on such a link */
export function requireMtuFor(addresses: readonly Prefix[], mtu: number): void {
  const address = addresses.find((candidate) => prefixFamily(candidate) === 6);
  if (address === undefined || mtu >= leastMtu6) return;
  throw new CniError(
    errorCode.invalidConfig,
    `mtu ${mtu} is too small for ${address}: IPv6 needs ${leastMtu6}`,
    {
      reason: "mtu-too-small",
      details: "raise the MTU (mtu, or InterfaceParameters), or take the IPv6 range out of the configuration",
    },
  );
}
