/** The key `guard`: on unless it is false; an object says what a port may be or have beyond the usual. */
import { parseIp } from "../addr/ip.ts";
import { type Issue, isObject, readList, report } from "../cni/read.ts";
import { guardAllowances } from "../policy/guard.ts";
import type { PortPolicies } from "../policy/port-policies.ts";
import { oneOf, refuseOthers } from "./settings.ts";

const names = ["allow", "addresses"] as const;

/**
 * @param value already folded
 * @returns undefined when the guard is off
 * @throws {CniError} 2 for another key
 */
export function readGuard(value: unknown, issues: Issue[]): PortPolicies["guard"] {
  if (value === false) return undefined;
  if (value === undefined || value === true) return { allow: [], addresses: [] };
  if (!isObject(value))
    return report(issues, "guard", 'true, false, or {"allow": [...], "addresses": [...]}', value);
  refuseOthers(value, names, "guard", `guard takes ${names.join(" and ")}`);
  const allow = readList(value.allow, "guard.allow", issues, (item, path) =>
    oneOf(item, guardAllowances, path, issues),
  );
  const addresses = readList(value.addresses, "guard.addresses", issues, (item, path) => {
    const address = typeof item === "string" ? parseIp(item) : undefined;
    return address ?? report(issues, path, "an IP address", item);
  });
  return { allow: [...new Set(allow)], addresses: [...new Set(addresses)] };
}
