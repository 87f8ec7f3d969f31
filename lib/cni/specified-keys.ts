/** Keys that every network configuration may have by the specification: a network type has its own beside them. */
export const specifiedKeys = [
  "cniVersion",
  "name",
  "type",
  "ipam",
  "dns",
  "args",
  "runtimeConfig",
  "prevResult",
  "capabilities",
] as const;
