/** Something on the host that changed, as far as our data path depends on it. */

export type HostChange =
  /** An interface of the host, or an address of one. */
  | { readonly kind: "interface"; readonly name: string }
  /** A rule that bears an endpoint's mark is gone. */
  | { readonly kind: "endpoint"; readonly key: string }
  /** One that bears a network's. */
  | { readonly kind: "network"; readonly mark: string }
  /** A row by which other hosts of an overlay network are reached: somebody else has changed it. Absent: of any. */
  | { readonly kind: "peers"; readonly network?: string }
  /** Our tables, chains, or settings of the whole host; or more changed than could be told. */
  | { readonly kind: "host" };
