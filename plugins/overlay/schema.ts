/**
 * JSON schema of an overlay network, compiled at build time (plugins/build.ts). The items of `subnets`, which have two
 * forms, are checked by own-subnets.ts.
 */
import { accessProperties } from "../../lib/directory/access-schema.ts";
import { hostedProperties } from "../../lib/hosted/schema.ts";

const address = { type: "string", minLength: 2, maxLength: 45 };
const prefix = { type: "string", minLength: 2, maxLength: 49 };
const mac = { type: "string", minLength: 12, maxLength: 17 };

const peer = {
  type: "object",
  required: ["vtep"],
  properties: {
    node: { type: "string", minLength: 1, maxLength: 253 },
    vtep: address,
    mac,
    subnets: { type: "array", items: prefix },
    endpoints: {
      type: "array",
      items: { anyOf: [prefix, { type: "array", minItems: 1, maxItems: 2, items: prefix }] },
    },
    mtu: { type: "integer", minimum: 68, maximum: 65535 },
  },
};

/** Which words there are, its reader says. */
const directory = {
  type: ["object", "string"],
  required: ["type"],
  properties: {
    type: { enum: ["static", "etcd", "flannel"] },
    peers: { type: "array", items: peer },
    ...accessProperties,
  },
};

export const schema = {
  type: "object",
  properties: {
    ...hostedProperties,
    vni: { type: "integer", minimum: 1, maximum: 16_777_215 },
    mode: { enum: ["routed", "stretched"] },
    subnet: prefix,
    subnets: { type: "array", maxItems: 64 },
    cidrs: { type: "array", items: prefix },
    blockBits: { type: "integer", minimum: 8, maximum: 126 },
    udpPort: { type: "integer", minimum: 1, maximum: 65535 },
    vtep: address,
    vtepMac: mac,
    strict: { type: "boolean" },
    encryption: { enum: ["none", "wireguard"] },
    flood: { type: "boolean" },
    txChecksumOffload: { type: "boolean" },
    endpointMacPrefix: { type: "string", maxLength: 5 },
    ipMasqNetwork: prefix,
    directory,
  },
} as const;
