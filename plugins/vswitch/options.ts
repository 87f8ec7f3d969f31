/** The options that every command has. */
import { defaultDataDir } from "../ipam/data-dir.ts";
import { libcniCache } from "../ipam/libcni-cache.ts";

export const jsonOption = { type: "boolean", default: false, describe: "Print JSON for programs" } as const;

export const dataDirOption = {
  type: "string",
  requiresArg: true,
  default: process.env.VSWITCH_DATA_DIR || defaultDataDir,
  describe: "Folder of our state",
} as const;

/** For `yargs.options(commonOptions)`. */
export const commonOptions = { json: jsonOption, "data-dir": dataDirOption } as const;

/** Of commands that look at what a whole chain of plugins came to. */
export const resultsDirOption = {
  type: "string",
  requiresArg: true,
  default: libcniCache,
  describe: "Folder of the runtimes' results: what later plugins changed on purpose is no drift",
} as const;

export const confDirOption = {
  type: "string",
  requiresArg: true,
  default: "/etc/cni/net.d",
  describe: "Where runtimes have the configurations of networks",
} as const;

/** Of commands that only look at what is there. */
export const binDirOption = {
  type: "string",
  array: true,
  requiresArg: true,
  default: ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"] as string[],
  describe: "Where runtimes have their plugins",
} as const;

/** What they give. */
export interface CommonOptions {
  readonly json: boolean;
  readonly "data-dir": string;
}
