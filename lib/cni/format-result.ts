/** The internal result to the JSON of each version, in the key order of the specification's examples. */
import { prefixFamily } from "../addr/prefix.ts";
import { formatDns, isEmptyDns } from "./dns.ts";
import { CniError, errorCode } from "./error.ts";
import type { JsonObject } from "./read.ts";
import type { Result, ResultInterface, ResultIp, ResultRoute } from "./result.ts";
import { type CniVersion, type ResultForm, resultForm } from "./version.ts";

/**
 * What goes to stdout after ADD. Unset fields are left out; Go's library always printed `dns` below 1.0.0, and so do
 * we. Fields that came with 1.1.0 are left out below it.
 *
 * @throws {CniError} 1 when the version cannot say it (`requireExpressible`)
 */
export function formatResult(result: Result, version: CniVersion): JsonObject {
  const form = resultForm(version);
  requireExpressible(version, result.ips.length);
  if (form === "ip4-ip6") {
    return { cniVersion: version, ...formatPair(result), dns: formatDns(result.dns), ...result.extra };
  }
  const { interfaces, ips, routes, dns, extra } = result;
  return {
    cniVersion: version,
    ...(interfaces.length > 0 && { interfaces: interfaces.map((link) => formatInterface(link, form)) }),
    ...(ips.length > 0 && { ips: ips.map((ip) => formatIp(ip, form)) }),
    ...(routes.length > 0 && { routes: routes.map((route) => formatRoute(route, form)) }),
    ...((form === "versioned-ips" || !isEmptyDns(dns)) && { dns: formatDns(dns) }),
    ...extra,
  };
}

/**
 * To be asked before anything is made: a result of 0.1.0 or 0.2.0 needs an address.
 *
 * @throws {CniError} 1
 */
export function requireExpressible(version: CniVersion, addresses: number): void {
  if (addresses > 0 || resultForm(version) !== "ip4-ip6") return;
  throw new CniError(
    errorCode.incompatibleVersion,
    `a result of cniVersion ${version} cannot be expressed without an address`,
    {
      reason: "result-not-expressible",
      details: "use cniVersion 0.3.0 or later for an attachment without ipam",
    },
  );
}

function formatInterface(link: ResultInterface, form: ResultForm): JsonObject {
  const { name, mac, mtu, sandbox, socketPath, pciID, extra } = link;
  const extended = form === "ips-extended";
  return {
    name,
    ...(mac !== undefined && { mac }),
    ...(extended && mtu !== undefined && { mtu }),
    ...(sandbox !== undefined && { sandbox }),
    ...(extended && socketPath !== undefined && { socketPath }),
    ...(extended && pciID !== undefined && { pciID }),
    ...extra,
  };
}

function formatIp(ip: ResultIp, form: ResultForm): JsonObject {
  const { address, gateway, interface: index, extra } = ip;
  return {
    ...(form === "versioned-ips" && { version: String(prefixFamily(address)) }),
    address,
    ...(gateway !== undefined && { gateway }),
    ...(index !== undefined && { interface: index }),
    ...extra,
  };
}

function formatRoute(route: ResultRoute, form: ResultForm): JsonObject {
  const { dst, gw, mtu, advmss, priority, table, scope, extra } = route;
  const head = { dst, ...(gw !== undefined && { gw }) };
  if (form !== "ips-extended") return { ...head, ...extra };
  return {
    ...head,
    ...(mtu !== undefined && { mtu }),
    ...(advmss !== undefined && { advmss }),
    ...(priority !== undefined && { priority }),
    ...(table !== undefined && { table }),
    ...(scope !== undefined && { scope }),
    ...extra,
  };
}

/** The first address of each family with the family's routes. */
function formatPair(result: Result): JsonObject {
  const pair: Record<string, unknown> = {};
  for (const [key, family] of [
    ["ip4", 4],
    ["ip6", 6],
  ] as const) {
    const ip = result.ips.find(({ address }) => prefixFamily(address) === family);
    if (ip === undefined) continue;
    const routes = result.routes.filter(({ dst }) => prefixFamily(dst) === family);
    pair[key] = {
      ip: ip.address,
      ...(ip.gateway !== undefined && { gateway: ip.gateway }),
      ...(routes.length > 0 && {
        routes: routes.map(({ dst, gw }) => ({ dst, ...(gw !== undefined && { gw }) })),
      }),
    };
  }
  return pair;
}
