/** Picks the platform and loads what is asked for of it, and nothing else. */
import type { Backend, DhcpBackend, ToolBackend } from "./backend.ts";

/** For those whose addresses may come by DHCP: transparent and ipam, at 0.1 ms a call. @throws {Error} on a platform without a back end */
export async function loadDhcp(): Promise<DhcpBackend> {
  if (process.platform !== "linux") throw new Error(`no DHCP for ${process.platform}`);
  const { autoconfigure, hearRouters, openDhcpLink, openHostDhcp } = await import(
    "./linux/dhcp/dhcp-link.ts"
  );
  return { openLink: openDhcpLink, openHost: openHostDhcp, autoconfigure, hearRouters };
}

/** @throws {Error} on a platform without a back end */
export async function loadBackend(trace?: (line: string) => void): Promise<Backend> {
  if (process.platform !== "linux") throw new Error(`no back end for ${process.platform}`);
  const { linuxBackend } = await import("./linux/backend.ts");
  return linuxBackend(trace);
}

/** For the operator's tool: never loaded by a plugin. @throws {Error} on a platform without a back end */
export async function loadTool(trace?: (line: string) => void): Promise<ToolBackend> {
  if (process.platform !== "linux") throw new Error(`no back end for ${process.platform}`);
  const { linuxTool } = await import("./linux/tool.ts");
  return linuxTool(trace);
}
