/** What the directory says of a network itself, against what this host has. */
import type { Prefix } from "../addr/prefix.ts";
import type { Complaint } from "./complaint.ts";
import type { Known, LocalNetwork, LocalNode } from "./known.ts";
import { isOverlapping, isWithin, spanOf, spanOfAddress } from "./span.ts";

/** The network's, as far as it is known: an administrator may have given it more than our configuration knows. */
export function cidrsOf({ networks }: Known, { network, cidrs }: LocalNetwork): readonly Prefix[] {
  return networks.get(network)?.record.cidrs ?? cidrs;
}

export function networkComplaints(known: Known, local: LocalNode, ours: LocalNetwork): readonly Complaint[] {
  return [
    ...compareNetwork(known, ours),
    ...compareVni(known, ours),
    ...coveredByNetwork(cidrsOf(known, ours), local, ours.network),
  ];
}

function compareNetwork({ networks }: Known, ours: LocalNetwork): readonly Complaint[] {
  const { network } = ours;
  const entry = networks.get(network);
  if (entry === undefined)
    return [
      {
        code: "network-absent",
        about: network,
        text: `the directory does not know network ${network}: what this host's configuration says of it counts`,
        remedy: "Write its key anew; an agent that has the network does so when it is restarted.",
      },
    ];
  const { record, key } = entry;
  const differences = (["vni", "mode", "udpPort"] as const)
    .filter((field) => record[field] !== ours[field])
    .map((field) => `${field} ${record[field] ?? "none"} there, ${ours[field]} here`);
  if (record.gatewayMac !== undefined && record.gatewayMac !== ours.mac)
    differences.push(`the gateway's MAC ${record.gatewayMac} there, ${ours.mac} here`);
  if (differences.length === 0) return [];
  return [
    {
      code: "network-differs",
      about: key,
      text: `network ${network} is another in the directory than on this host: ${differences.join("; ")}`,
      remedy: "Make this host's configuration say what the directory says, and attach its containers anew.",
    },
  ];
}

function compareVni({ vnis }: Known, { network, vni }: LocalNetwork): readonly Complaint[] {
  const entry = vnis.get(String(vni));
  if (entry === undefined || entry.record.network === network) return [];
  return [
    {
      code: "network-vni-taken",
      about: entry.key,
      text: `VNI ${vni} of network ${network} is network ${entry.record.network}'s by the directory: packets of one reach the other`,
      remedy: "Give this network another `vni` on all hosts.",
    },
  ];
}

function coveredByNetwork(cidrs: readonly Prefix[], local: LocalNode, network: string): readonly Complaint[] {
  const vtep = spanOfAddress(local.vtep);
  const remedy = "Give the network cidrs that no host has for anything else.";
  return cidrs.flatMap((cidr): readonly Complaint[] => {
    const span = spanOf(cidr);
    const text = `cidr ${cidr} of network ${network}`;
    if (isWithin(vtep, span)) {
      const what = `holds this host's tunnel address ${local.vtep}, without which there is no tunnel`;
      return [{ code: "network-covers-vtep", about: network, text: `${text} ${what}`, remedy }];
    }
    const taken = local.connected.find((other) => isOverlapping(spanOf(other), span));
    if (taken === undefined) return [];
    const what = `overlaps ${taken}, which this host is connected to`;
    return [{ code: "network-covers-host", about: network, text: `${text} ${what}`, remedy }];
  });
}
