/** `ipam.routes`: handed on in the result. Pure. */
import { type Ip, parseIp } from "../../lib/addr/ip.ts";
import { type Prefix, parsePrefix } from "../../lib/addr/prefix.ts";
import { type IssueSink, report } from "../../lib/cni/read.ts";
import type { ResultRoute } from "../../lib/cni/result.ts";

export interface RawRoute extends Omit<ResultRoute, "dst" | "gw"> {
  readonly dst: string;
  readonly gw?: string;
}

export function readRoutes(
  routes: readonly RawRoute[] | undefined,
  issues: IssueSink,
): readonly ResultRoute[] {
  return (routes ?? []).flatMap((route, i) => readRoute(route, `ipam.routes[${i}]`, issues) ?? []);
}

function readRoute(route: RawRoute, path: string, issues: IssueSink): ResultRoute | undefined {
  const { dst: text, gw: _, ...rest } = route;
  const dst: Prefix | undefined =
    parsePrefix(text) ?? report(issues, `${path}.dst`, "a prefix such as 0.0.0.0/0", text);
  const gw = readIp(route.gw, `${path}.gw`, issues);
  return dst && { dst, ...(gw !== undefined && { gw }), ...rest };
}

export function readIp(text: string | undefined, path: string, issues: IssueSink): Ip | undefined {
  if (text === undefined) return undefined;
  return parseIp(text) ?? report(issues, path, "an IP address", text);
}
