/** The uplink that a configuration names. Pure. */
import { anyShape, foldObject } from "../cni/keys.ts";
import type { JsonObject } from "../cni/read.ts";

/** However wrong the rest of the configuration may be. @returns undefined for that of the default route */
export function namedUplink(config: JsonObject): string | undefined {
  const { uplink, master } = foldObject(config, { uplink: anyShape, master: anyShape });
  return [uplink, master].find((name) => typeof name === "string") as string | undefined;
}
