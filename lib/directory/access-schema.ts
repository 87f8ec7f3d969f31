/** JSON schema of what `readAccess` reads, for schemas that are compiled at build time. */
const path = { type: "string", pattern: "^/", maxLength: 4096 };

export const accessProperties = {
  endpoints: {
    type: "array",
    minItems: 1,
    maxItems: 64,
    items: { type: "string", pattern: "^https?://[^/?#@\\s]+/?$" },
  },
  prefix: { type: "string", pattern: "^/[A-Za-z0-9_./-]*[A-Za-z0-9_.-]$", maxLength: 200 },
  tls: { type: "object", properties: { ca: path, cert: path, key: path } },
  user: { type: "string", minLength: 1, maxLength: 255 },
  passwordFile: path,
};
