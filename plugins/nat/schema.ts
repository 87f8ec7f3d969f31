/** JSON schema of a nat network, compiled at build time (plugins/build.ts). */
import { hostedProperties } from "../../lib/hosted/schema.ts";

export const schema = { type: "object", properties: hostedProperties } as const;
