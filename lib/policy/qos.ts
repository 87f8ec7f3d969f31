/** QOS: how much a port may send and be sent. */

export interface Rate {
  /** Of frames on the port, headers included. */
  readonly bytesPerSecond: number;
  /** What may pass at once after a pause, in bytes; absent: enough for the rate. */
  readonly burstBytes?: number;
}

/** HCN's MaximumOutgoingBandwidthInBytes is `out`; CNI's capability `bandwidth` names both directions. */
export interface Qos {
  readonly kind: "QOS";
  /** From the container. */
  readonly out?: Rate;
  /** Towards the container. */
  readonly in?: Rate;
}
