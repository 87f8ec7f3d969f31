/** How the host takes what comes in by an interface: goes along to the bridge (Documentation/networking/ip-sysctl). */
import type { Readers } from "../machine.ts";

export interface Setting {
  readonly family: "ipv4" | "ipv6";
  readonly name: string;
  readonly value: string;
}

const names: Readonly<Record<Setting["family"], readonly string[]>> = {
  ipv4: [
    "forwarding",
    "accept_local",
    "accept_redirects",
    "accept_source_route",
    "arp_accept",
    "arp_announce",
    "arp_filter",
    "arp_ignore",
    "arp_notify",
    "log_martians",
    "promote_secondaries",
    "proxy_arp",
    "proxy_arp_pvlan",
    "route_localnet",
    "rp_filter",
    "secure_redirects",
    "send_redirects",
    "shared_media",
    "src_valid_mark",
  ],
  // Whether there is IPv6 comes first: without it the others are not there.
  ipv6: [
    "disable_ipv6",
    "forwarding",
    "accept_dad",
    "accept_ra",
    "accept_ra_defrtr",
    "accept_ra_from_local",
    "accept_ra_min_hop_limit",
    "accept_ra_mtu",
    "accept_ra_pinfo",
    "accept_ra_rt_info_max_plen",
    "accept_ra_rt_info_min_plen",
    "accept_ra_rtr_pref",
    "accept_redirects",
    "accept_source_route",
    "autoconf",
    "dad_transmits",
    "hop_limit",
    "ndisc_notify",
    "proxy_ndp",
    "ra_defrtr_metric",
    "temp_prefered_lft",
    "temp_valid_lft",
    "use_tempaddr",
  ],
};

/** Those that this kernel has. */
export function readSettings(readSysctl: Readers["readSysctl"], device: string): readonly Setting[] {
  return (["ipv4", "ipv6"] as const).flatMap((family) =>
    names[family].flatMap((name) => {
      const value = readSysctl([family, "conf", device, name]);
      return value === undefined ? [] : [{ family, name, value }];
    }),
  );
}
