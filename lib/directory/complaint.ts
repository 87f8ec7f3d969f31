/** What is wrong with a directory, said so that somebody can mend it: a value of its own, which stops nothing. */

export const complaintCodes = [
  "record-garbage",
  "record-newer",
  "listing-shrank",
  "listing-garbage",
  "listing-older",
  "network-absent",
  "network-differs",
  "network-vni-taken",
  "network-covers-vtep",
  "network-covers-host",
  "own-record-differs",
  "node-vtep-ours",
  "node-vtep-taken",
  "node-vtep-covered",
  "node-vtep-family",
  "node-mac-ours",
  "node-mac-taken",
  "node-name-taken",
  "node-udp-port",
  "node-unknown",
  "block-outside",
  "block-ours",
  "block-taken",
  "block-covers-vtep",
  "block-covers-host",
  "block-epoch",
  "endpoint-outside",
  "endpoint-of-gateway",
  "endpoint-address-taken",
  "endpoint-mac-taken",
  "agent-stuck",
  "network-unjoined",
  "directory-away",
  "directory-unlisted",
  "uplink-missing",
  "uplink-mtu",
  "vtep-missing",
  "vteps-differ",
  "kernel-refused",
  "switch-differs",
  "store-refused",
  "block-lost",
  "flannel-backend",
  "flannel-direct-routing",
  "flannel-gbp",
  "flannel-vni",
  "flannel-no-tunnel",
  "flannel-old-lease",
] as const;
export type ComplaintCode = (typeof complaintCodes)[number];

export interface Complaint {
  /** Stable. With `about` it tells whether a complaint is one that was there before. */
  readonly code: ComplaintCode;
  /** The key of the directory that is to blame, or the network's name where none is. */
  readonly about: string;
  /** What is wrong, and what becomes of it. */
  readonly text: string;
  readonly remedy: string;
}

/** Complaints in an order that does not depend on how they were found, each said once. */
export function sortComplaints(complaints: readonly Complaint[]): readonly Complaint[] {
  if (complaints.length < 2) return complaints;
  const once = new Map(complaints.map((one) => [`${one.code} ${one.about} ${one.text}`, one]));
  return [...once].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, complaint]) => complaint);
}
