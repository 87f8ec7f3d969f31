/** What the doctor asks of the machine itself, beside its scene. */

/** What only transparent networks of some kind need. */
export const switchFeatures = ["switch macvlan", "switch ipvlan", "vlan"] as const;
export type SwitchFeature = (typeof switchFeatures)[number];

/** What only overlay networks need: all, or those of the mode `routed`. */
export const overlayFeatures = ["network overlay", "mode routed"] as const;
export type OverlayFeature = (typeof overlayFeatures)[number];

/** Something of the kernel that is needed. */
export interface Feature {
  readonly name: string;
  /** What does not work without it. */
  readonly neededFor: "every network" | "QOS" | "vnic vmNic" | SwitchFeature | OverlayFeature;
  /** Modules and options of the kernel that bring it. */
  readonly modules: readonly string[];
  /** The kernel's own words when it was tried; absent: it is there. */
  readonly refusal?: string;
}

/** Our nftables tables: a number is a version other than ours; `foreign`: a table of our name that is not ours. */
export type LayoutState = "absent" | "current" | "damaged" | "foreign" | number;

export interface HostProbe {
  readonly features: readonly Feature[];
  readonly layout: LayoutState;
  /** The version of this program's tables. */
  readonly layoutVersion: number;
  /** Tables of the legacy iptables, whose rules nobody else can read: "ip filter". */
  readonly legacyTables: readonly string[];
}
