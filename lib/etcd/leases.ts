/** Leases: what lives as long as its holder says so. */
import type { Cluster } from "./cluster.ts";
import { EtcdError } from "./error.ts";
import type { Int64, KeptAlive, Lease } from "./etcd.ts";
import { countOf, GarbageError, int64Of, objectOf } from "./wire/read.ts";

export function grantLease(cluster: Cluster, ttlS: number): Promise<Lease> {
  return cluster.call({
    path: "/lease/grant",
    body: { TTL: String(ttlS), ID: "0" },
    doing: `get a lease of ${ttlS} s`,
    kind: "write",
    decode: (answer) => {
      const id = int64Of(answer.ID, "the lease");
      if (id === "0") throw new GarbageError("the lease", answer);
      return { id, ttlS: countOf(answer.TTL, "its TTL") };
    },
  });
}

/** To do it twice is to do it once, so another member may be asked. */
export function keepAlive(cluster: Cluster, id: Int64): Promise<KeptAlive> {
  return cluster.call({
    path: "/lease/keepalive",
    body: { ID: id },
    doing: `keep the lease ${id} alive`,
    kind: "read",
    decode: (answer) => {
      const ttlS = countOf(objectOf(answer.result, "the answer").TTL, "the TTL");
      return ttlS > 0 ? { alive: true, ttlS } : { alive: false };
    },
  });
}

export async function revokeLease(cluster: Cluster, id: Int64): Promise<void> {
  const call = { path: "/lease/revoke", body: { ID: id }, doing: `revoke the lease ${id}` };
  try {
    await cluster.call({ ...call, kind: "write", decode: () => undefined });
  } catch (error) {
    if (!(error instanceof EtcdError && error.kind === "leaseNotFound")) throw error;
  }
}
