/** The two directions of a port as rules see them. */
import type { AclDirection } from "../../policy/acl.ts";
import type { FieldName } from "./field.ts";

export type Family = 4 | 6;
/** One direction as the rules see it. */
export interface Side {
  readonly name: "out" | "in";
  /** By which policies know the port, and by which the state does. */
  readonly port: FieldName;
  readonly index: FieldName;
  readonly remote: (family: Family) => FieldName;
  /** The same where the family is known. */
  readonly knownRemote: (family: Family) => FieldName;
  readonly localPort: FieldName;
  readonly remotePort: FieldName;
}

export const sides: Readonly<Record<AclDirection, Side>> = {
  Out: {
    name: "out",
    port: "iifname",
    index: "iif",
    remote: (family) => (family === 4 ? "ip daddr" : "ip6 daddr"),
    knownRemote: (family) => (family === 4 ? "@nh,128,32" : "@nh,192,128"),
    localPort: "th sport",
    remotePort: "th dport",
  },
  In: {
    name: "in",
    port: "oifname",
    index: "oif",
    remote: (family) => (family === 4 ? "ip saddr" : "ip6 saddr"),
    knownRemote: (family) => (family === 4 ? "@nh,96,32" : "@nh,64,128"),
    localPort: "th dport",
    remotePort: "th sport",
  },
};
