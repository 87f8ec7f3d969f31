/**
 * JSON schema of the keys that networks with the host as their router share.
 *
 * Keys are in their canonical spelling here: folding happens before. What the CNI specification defines (name, ipam,
 * dns, runtimeConfig ...) is checked by lib/cni, the keys of ports (policies, guard ...) by
 * lib/hcn, and `reachable`, which has two forms, by network-config.ts.
 */
const address = { type: "string", minLength: 2, maxLength: 45 };
const prefix = { type: "string", minLength: 2, maxLength: 49 };

export const hostedProperties = {
  bridge: { type: "string", pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$" },
  uplink: { type: "string", minLength: 1, maxLength: 64 },
  master: { type: "string", minLength: 1, maxLength: 64 },
  mtu: { type: "integer", minimum: 0, maximum: 65535 },
  ipMasq: { type: "boolean" },
  exceptions: { type: "array", items: prefix },
  dataDir: { type: "string", pattern: "^/" },
  DisableInterComputeCommunication: { type: "boolean" },
  optionalFlags: {
    type: "object",
    properties: {
      localRoutedPortMapping: { type: "boolean" },
      allowAclPortMapping: { type: "boolean" },
      forceBridgeGateway: { type: "boolean" },
      enableDualStack: { type: "boolean" },
      loopbackDSR: { type: "boolean" },
      gatewayFromAdditionalRoutes: { type: "boolean" },
    },
  },
  additionalRoutes: {
    type: "array",
    items: { type: "object", properties: { dst: prefix, GW: address } },
  },
} as const;
