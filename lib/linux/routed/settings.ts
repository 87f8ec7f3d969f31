/**
 * Settings of the kernel by which a host answers for the containers of a routed switch (Documentation/networking/
 * ip-sysctl.rst). Pure.
 *
 * What is the bridge's goes with it. What is the uplink's, or the host's, is noted in the bridge's mark when it is
 * changed, and put back with the last bridge that needs it.
 */
import type { RoutedSwitch } from "../../model/switch.ts";
import type { SysctlKey } from "../sysctl.ts";

export interface Setting {
  readonly key: SysctlKey;
  readonly value: string;
}

/** A setting that outlives the bridge. */
export interface HostSetting extends Setting {
  /** By which the mark calls it. */
  readonly name: string;
  /** Its value on a host that nobody changed. */
  readonly usual: string;
}

export function bridgeSettings({ name, forwarding }: RoutedSwitch): readonly Setting[] {
  const of4: readonly Setting[] = [
    // Containers take all of the LAN for neighbours: the host answers for what it reaches by another way.
    { key: ["ipv4", "conf", name, "proxy_arp"], value: "1" },
    { key: ["ipv4", "neigh", name, "proxy_delay"], value: "0" },
    { key: ["ipv4", "conf", name, "send_redirects"], value: "0" },
  ];
  const of6: readonly Setting[] = [
    { key: ["ipv6", "conf", name, "disable_ipv6"], value: "0" },
    { key: ["ipv6", "conf", name, "accept_ra"], value: "0" },
    { key: ["ipv6", "conf", name, "accept_dad"], value: "0" },
  ];
  return [...(forwarding.includes(4) ? of4 : []), ...(forwarding.includes(6) ? of6 : [])];
}

/**
 * The kernel answers for others only after a random part of 0.8 s, lest it be quicker than who has the address: nobody
 * has it here. And `proxy_ndp` of one interface would not do: of that the kernel does not answer who asks it directly, as
 * neighbours do that have known it for a while (RFC 4861 7.3.3).
 */
export function hostSettings({
  lower,
  forwarding,
}: Pick<RoutedSwitch, "lower" | "forwarding">): readonly HostSetting[] {
  return hostSettingsOf(lower).filter(({ key }) => forwarding.includes(key[0] === "ipv4" ? 4 : 6));
}

/** Of both families. */
export function hostSettingsOf(proxy: string): readonly HostSetting[] {
  const delay = { value: "0", usual: "80" };
  return [
    { name: "delay4", key: ["ipv4", "neigh", proxy, "proxy_delay"], ...delay },
    { name: "delay6", key: ["ipv6", "neigh", proxy, "proxy_delay"], ...delay },
    { name: sharedSetting, key: ["ipv6", "conf", "all", "proxy_ndp"], value: "1", usual: "0" },
  ];
}

/** The one that is no uplink's. */
export const sharedSetting = "ndp";
