/** What is judged: an executable with a configuration, and what its maker says it can do. */
import type { JsonObject } from "./json.ts";

/** The versions of the CNI specification, oldest first. */
export const allVersions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
export type Version = (typeof allVersions)[number];

/** What not every interface plugin does. Each has a default found from the configuration; see `featuresOf`. */
export const featureMeaning = {
  check: "CHECK (specification 0.4.0)",
  gc: "GC (specification 1.1.0)",
  status: "STATUS (specification 1.1.0)",
  pools: "addresses from `ipam.subnet` or `ipam.ranges`, as host-local has them",
  ipv6: "IPv6 pools",
  delegation: "an IPAM plugin found by `ipam.type` in CNI_PATH",
  data: "state in a folder that the configuration or the environment names by the placeholder DATA",
  mtu: "the configuration key `mtu`",
  dns: "the configuration key `dns` in the result",
  mac: "capability `mac`",
  ips: "capability `ips`",
  ports: "capability `portMappings`",
  bandwidth: "capability `bandwidth`",
  peers: "containers of one network reach each other",
  gateway: "the host answers at the gateway address",
  outside: "containers reach a machine beyond the host, behind the host's address",
  lan: "containers are machines of the uplink's LAN, with addresses and MACs of their own",
  hostEnd: "a container's interface has an end on the host, which tells whose it is wherever the other went",
  switch: "a host interface that all containers of network net1 share, named by the key `bridge` or told",
  stack:
    "a container's own stack has its addresses and routes; without it they are a guest's, and nobody's there",
  l2only: "attachments without addresses: `ipam` is {}",
} as const;
export type Feature = keyof typeof featureMeaning;

export interface Target {
  readonly name: string;
  /** Absolute path of the executable. */
  readonly plugin: string;
  /** The plugin's entry of a list, with `type`. `${DATA}` stands for a fresh folder of each scenario. */
  readonly config: JsonObject;
  /** Folders with delegates: CNI_PATH. */
  readonly cniPath: readonly string[];
  /** The name of the host interface that network `net1` has for all its containers. Default: `config.bridge`. */
  readonly switch?: string;
  /** More environment for each call; `${DATA}` as above. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ids of the scenarios that the tests try, where another target of the same executable tries the rest. */
  readonly only?: RegExp;
  /** Corrects what is found from the configuration. */
  readonly features?: Readonly<Partial<Record<Feature, boolean>>>;
  /** Scenarios that are known to fail, with why: a test then asserts that they still do. */
  readonly knownLimits?: Readonly<Record<string, string>>;
  /** Error codes that are right wherever a scenario asks for certain ones. */
  readonly acceptCodes?: readonly number[];
  /** The content of a state folder as lines, when file names do not tell it. */
  readonly stateText?: (data: string) => Promise<readonly string[]>;
  /** How many kills at random moments a scenario tries. Default 10. */
  readonly kills?: number;
  /** Seed of the random moments. Default: chosen, and told when a scenario fails. */
  readonly seed?: number;
}

/** A target together with what its VERSION said. */
export interface Subject extends Target {
  readonly versions: readonly Version[];
  /** Why VERSION gave no list, when it did not. */
  readonly versionTrouble: string | undefined;
  readonly has: Readonly<Record<Feature, boolean>>;
}
