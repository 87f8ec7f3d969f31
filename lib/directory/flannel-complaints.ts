/** What flannel's hosts have that this host cannot take part in. */
import type { Family } from "../addr/ip.ts";
import type { Complaint } from "./complaint.ts";
import type { FlannelConfig } from "./flannel-config.ts";
import { type FlannelLease, flannelVni } from "./flannel-lease.ts";
import type { Host } from "./known.ts";
import type { BlockRecord } from "./records.ts";
import type { Entry } from "./state.ts";

/** @returns undefined when the lease's host can be a peer */
export function leaseComplaint(
  { key, record }: Entry<FlannelLease>,
  family: Family,
  { network, vni }: { readonly network: string; readonly vni: number },
): Complaint | undefined {
  const tunnel = record.tunnels[family];
  if (record.backend !== "vxlan")
    return {
      code: "flannel-backend",
      about: key,
      text: `the host of ${key} has flannel's backend "${record.backend}", which only itself speaks: it is left out`,
      remedy: "Set the backend of the flannel network to vxlan, and restart flannel on that host.",
    };
  if (tunnel === undefined || record.subnets[family] === undefined)
    return {
      code: "flannel-no-tunnel",
      about: key,
      text: `the host of ${key} has no tunnel or no subnet of IPv${family}, this host no other one: it is left out`,
      remedy: "Give both a `vtep` of one family.",
    };
  if (tunnel.vni === undefined || tunnel.vni === flannelVni(vni)) return undefined;
  return {
    code: "flannel-vni",
    about: key,
    text: `the host of ${key} has VNI ${tunnel.vni}, network ${network} ${flannelVni(vni)} (of ${vni}): it is left out`,
    remedy: "Restart flannel on that host, or give this network the `vni` of flannel's config.",
  };
}

export function configComplaints(
  { key, record }: Entry<FlannelConfig>,
  family: Family,
): readonly Complaint[] {
  const complain = (code: Complaint["code"], text: string, remedy: string): Complaint => {
    return { code, about: key, text, remedy };
  };
  const other = family === 4 ? 6 : 4;
  return [
    ...(record.backend === "vxlan"
      ? []
      : [
          complain(
            "flannel-backend",
            `flannel's backend is "${record.backend}": its hosts and this one do not reach each other`,
            "Set the backend of the flannel network to vxlan.",
          ),
        ]),
    ...(record.directRouting
      ? [
          complain(
            "flannel-direct-routing",
            "flannel's hosts send to hosts on their own link without a tunnel, this host sends by the tunnel alone: what they send here may be dropped",
            'Set "DirectRouting" to false in flannel\'s config.',
          ),
        ]
      : []),
    ...(record.gbp
      ? [
          complain(
            "flannel-gbp",
            "flannel's hosts send policy groups with packets that bear a mark, which this host's tunnel drops",
            'Set "GBP" to false in flannel\'s config.',
          ),
        ]
      : []),
    ...(record.pools[other] === undefined
      ? []
      : [
          complain(
            "flannel-no-tunnel",
            `flannel's IPv${other} subnets are behind IPv${other} tunnels, this host has an IPv${family} one: it does not reach them`,
            `Make a second network with an IPv${other} \`vtep\`.`,
          ),
        ]),
  ];
}

export const oldLease = ({ key }: Entry<FlannelLease>, { key: newer, record }: Entry<Host>): Complaint => ({
  code: "flannel-old-lease",
  about: key,
  text: `${key} says another MAC of ${record.vtep} than ${newer}, which is newer: its subnet is not routed`,
  remedy: "None: a lease of before that host's tunnel was made anew ends within a day.",
});

export const sharedSubnet = (
  { key }: Entry<FlannelLease>,
  { key: older, record }: Entry<BlockRecord>,
): Complaint => ({
  code: "block-taken",
  about: key,
  text: `${key} has the subnet of ${older} (host ${record.owner}), which was there first: it is not routed`,
  remedy: "Delete one of the two keys: flannel of that host takes another subnet when it is restarted.",
});
