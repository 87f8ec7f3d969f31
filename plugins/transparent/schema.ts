/**
 * JSON schema of a transparent network's own keys, compiled at build time (plugins/build.ts).
 *
 * Keys are in their canonical spelling here: folding happens before. What the CNI specification defines (name, ipam,
 * dns, runtimeConfig ...) is checked by lib/cni, the keys of ports (policies, guard ...) by lib/hcn, and `dad`, which has
 * two forms, by config.ts.
 */
const interfaceName = { type: "string", pattern: "^[^\\s/:]{1,15}$" } as const;

export const schema = {
  type: "object",
  properties: {
    switch: { enum: ["macvlan", "ipvlan", "routed", "bridge"] },
    bridge: interfaceName,
    checkUplink: { type: "boolean" },
    uplink: interfaceName,
    master: interfaceName,
    mode: { enum: ["bridge", "private", "vepa", "passthru", "l2"] },
    hostAccess: { type: "boolean" },
    vlan: { type: "integer", minimum: 1, maximum: 4094 },
    mtu: { type: "integer", minimum: 0, maximum: 65535 },
    dataDir: { type: "string", pattern: "^/" },
  },
} as const;
