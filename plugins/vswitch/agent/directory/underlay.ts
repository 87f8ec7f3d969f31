/** What becomes of an overlay network's tunnel when its uplink is not what it was. Pure. */
import { type Ip, ipFamily } from "../../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { UplinkFacts } from "../../../../lib/model/facts.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import { vxlanOverhead } from "../../../../lib/model/vtep.ts";

export interface Underlay {
  /** Where outer packets shall come from now. */
  readonly vtep: Ip;
  /** Longest packet of a container that goes in one piece now, in bytes. */
  readonly mtu: number;
  readonly complaints: readonly Complaint[];
}

/**
 * An address that is gone is replaced when another of its family is there, unless the configuration names it; the MAC stays, by
 * which other hosts know the tunnel.
 *
 * @param named the configuration says which address it is, or which hosts have it
 */
export function underlayOf(
  { network, tunnel, mtu }: OverlaySwitch,
  named: boolean,
  uplink: UplinkFacts | undefined,
): Underlay {
  const { vtep, uplink: name } = tunnel;
  if (uplink === undefined)
    return {
      ...{ vtep, mtu },
      complaints: [
        {
          code: "uplink-missing",
          about: network,
          text: `network ${network}: its uplink ${name} does not exist: no other host is reached`,
          remedy: `Bring ${name} back; or remove the network's containers, and name another \`uplink\`.`,
        },
      ],
    };
  const addresses = uplink.addresses.map(prefixAddress);
  const other = addresses.find((address) => ipFamily(address) === ipFamily(vtep));
  const next = addresses.includes(vtep) || named ? vtep : (other ?? vtep);
  const room = uplink.mtu - vxlanOverhead[ipFamily(next)];
  return {
    vtep: next,
    mtu: Math.min(mtu, room),
    complaints: [
      ...(addresses.includes(next) ? [] : [missing(network, name, vtep, addresses, named)]),
      ...(room < mtu ? [narrow(network, uplink, mtu, room)] : []),
    ],
  };
}

function missing(
  network: string,
  uplink: string,
  vtep: Ip,
  addresses: readonly Ip[],
  named: boolean,
): Complaint {
  const there = addresses.join(", ") || "none";
  return {
    code: "vtep-missing",
    about: network,
    text: `network ${network}: its uplink ${uplink} has lost the tunnel's address ${vtep} (there: ${there}): no other host is reached`,
    remedy: named
      ? "Give the uplink that address again; or remove the network's containers, and change its configuration on all hosts."
      : `Give the uplink an IPv${ipFamily(vtep)} address: the tunnel takes it, and other hosts learn of it.`,
  };
}

const narrow = (network: string, { name, mtu: has }: UplinkFacts, mtu: number, room: number): Complaint => ({
  code: "uplink-mtu",
  about: network,
  text: `network ${network}: its containers send packets of ${mtu} bytes, but ${name} with an MTU of ${has} carries ${room}: longer ones are refused on their way to other hosts`,
  remedy: `Raise the MTU of ${name} to ${has + mtu - room}; or attach the network's containers anew, with "mtu": ${room} in its configuration.`,
});
