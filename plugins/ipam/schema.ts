/** JSON schema of the `ipam` object, compiled at build time (plugins/build.ts). Keys are in canonical spelling here. */
const address = { type: "string" };
const prefix = { type: "string" };

const rangeKeys = {
  subnet: prefix,
  rangeStart: address,
  rangeEnd: address,
  gateway: address,
};

const unsigned32 = { type: "integer", minimum: 0, maximum: 4_294_967_295 };

const route = {
  type: "object",
  required: ["dst"],
  properties: {
    dst: prefix,
    gw: address,
    mtu: unsigned32,
    advmss: unsigned32,
    priority: unsigned32,
    table: unsigned32,
    scope: { type: "integer", minimum: 0, maximum: 255 },
  },
};

export const schema = {
  type: "object",
  properties: {
    type: { type: "string" },
    ...rangeKeys,
    ranges: {
      type: "array",
      items: {
        type: "array",
        minItems: 1,
        items: { type: "object", required: ["subnet"], properties: rangeKeys },
      },
    },
    routes: { type: "array", items: route },
    dataDir: { type: "string", pattern: "^/" },
    resolvConf: { type: "string", maxLength: 4096 },
    source: { enum: ["ranges", "dhcp"] },
    hostname: { type: "string", pattern: "^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$" },
    timeout: { type: "number", exclusiveMinimum: 0, maximum: 120 },
    ipv6: { enum: ["none", "slaac", "dhcp"] },
    cooldown: { type: "number", minimum: 0, maximum: 31_536_000 },
  },
  dependencies: { rangeStart: ["subnet"], rangeEnd: ["subnet"], gateway: ["subnet"] },
} as const;
