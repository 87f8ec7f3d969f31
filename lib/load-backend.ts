/** Picks the platform and loads what is asked for of it, and nothing else. */
import type { Backend } from "./seam/backend.ts";
import type { DhcpBackend } from "./seam/dhcp-backend.ts";
import type { ToolBackend } from "./seam/tool-backend.ts";

const linux = () => require("./linux/backend.ts") as typeof import("./linux/backend.ts");
const linuxDhcp = () => require("./linux/dhcp/dhcp-link.ts") as typeof import("./linux/dhcp/dhcp-link.ts");

/** For those whose addresses may come by DHCP: transparent and ipam. @throws {Error} on a platform without a back end */
export function loadDhcp(): DhcpBackend {
  if (process.platform !== "linux") throw new Error(`no DHCP for ${process.platform}`);
  return {
    openLink: (...link) => linuxDhcp().openDhcpLink(...link),
    openHost: (...link) => linuxDhcp().openHostDhcp(...link),
    autoconfigure: (...link) => linuxDhcp().autoconfigure(...link),
    hearRouters: (...link) => linuxDhcp().hearRouters(...link),
  };
}

/** @throws {Error} on a platform without a back end */
export function loadBackend(trace?: (line: string) => void): Backend {
  if (process.platform !== "linux") throw new Error(`no back end for ${process.platform}`);
  return linux().linuxBackend(trace);
}

/** For the operator's tool: never loaded by a plugin. @throws {Error} on a platform without a back end */
export async function loadTool(trace?: (line: string) => void): Promise<ToolBackend> {
  if (process.platform !== "linux") throw new Error(`no back end for ${process.platform}`);
  const { linuxTool } = await import("./linux/tool.ts");
  return linuxTool(trace);
}
