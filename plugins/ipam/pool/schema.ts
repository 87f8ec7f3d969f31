/** JSON schema of the `ipam` object with a `store`, compiled at build time (plugins/build.ts). */
import { accessProperties } from "../../../lib/directory/access-schema.ts";
import { schema as whole } from "../schema.ts";

const { type, routes, dataDir, resolvConf, cooldown, timeout } = whole.properties;

export const schema = {
  type: "object",
  properties: {
    type,
    routes,
    dataDir,
    resolvConf,
    cooldown,
    timeout,
    ...accessProperties,
    store: { enum: ["etcd", "flannel"] },
    cidrs: {
      type: "array",
      minItems: 1,
      maxItems: 64,
      items: { type: "string", minLength: 2, maxLength: 49 },
    },
    blockBits: { type: "integer", minimum: 8, maximum: 126 },
    mode: { enum: ["routed", "stretched"] },
  },
} as const;
