/** A result as JSON (prevResult, a delegate's output) of any version to the one internal form. */
import { type Ip, ipFamily, parseIp } from "../addr/ip.ts";
import { parseMac } from "../addr/mac.ts";
import { type Prefix, parsePrefix, prefixFamily } from "../addr/prefix.ts";
import { dnsShape, readDns } from "./dns.ts";
import { errorCode } from "./error.ts";
import { flatShape, foldKeys, listShape, objectShape, type Shape } from "./keys.ts";
import {
  type Issue,
  type IssueSink,
  isObject,
  issuesError,
  type JsonObject,
  readInteger,
  readList,
  readString,
  report,
  throwIssues,
} from "./read.ts";
import type { Result, ResultInterface, ResultIp, ResultRoute } from "./result.ts";
import { type CniVersion, parseVersion, resultForm } from "./version.ts";

const interfaceKeys = ["name", "mac", "mtu", "sandbox", "socketPath", "pciID"] as const;
const ipKeys = ["version", "interface", "address", "gateway"] as const;
const routeKeys = ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"] as const;
const resultKeys = ["cniVersion", "interfaces", "ips", "routes", "dns", "ip4", "ip6"] as const;

const routesShape = listShape(flatShape(...routeKeys));
const ipConfigShape = objectShape({ ip: { kind: "any" }, gateway: { kind: "any" }, routes: routesShape });
const resultShape: Shape = objectShape({
  cniVersion: { kind: "any" },
  interfaces: listShape(flatShape(...interfaceKeys)),
  ips: listShape(flatShape(...ipKeys)),
  routes: routesShape,
  dns: dnsShape,
  ip4: ipConfigShape,
  ip6: ipConfigShape,
});

/**
 * Reads a result under its own `cniVersion`, or under `version` when it bears none. Go's up-conversion leaks fields of
 * newer versions into older results, so all known fields are read in every version.
 *
 * @param path names the result in messages: `prevResult`
 * @throws {CniError} 1 when its version is not supported, 6 naming everything that is not as the version says
 */
export function parseResult(json: unknown, version: CniVersion, path = "result"): Result {
  const issues: Issue[] = [];
  const object = foldKeys(json, resultShape);
  if (!isObject(object)) {
    report(issues, path, "an object", json);
    throw issuesError(issues, errorCode.decodeFailure);
  }
  const own = readVersion(object.cniVersion, version, `${path}.cniVersion`, issues);
  const lists =
    resultForm(own) === "ip4-ip6" ? readPair(object, path, issues) : readLists(object, path, issues);
  const result: Result = {
    ...lists,
    dns: readDns(object.dns, `${path}.dns`, issues),
    ...extraOf(object, resultKeys),
  };
  throwIssues(issues, errorCode.decodeFailure);
  return result;
}

/** Some delegates leave the version out, as libcni allows. */
function readVersion(value: unknown, fallback: CniVersion, path: string, issues: IssueSink): CniVersion {
  const text = readString(value, path, issues);
  return text === undefined ? fallback : parseVersion(text);
}

type Lists = Pick<Result, "interfaces" | "ips" | "routes">;

function readLists(object: JsonObject, path: string, issues: IssueSink): Lists {
  return {
    interfaces: readList(object.interfaces, `${path}.interfaces`, issues, (item, at) =>
      readInterface(item, at, issues),
    ),
    ips: readList(object.ips, `${path}.ips`, issues, (item, at) => readIp(item, at, issues)),
    routes: readList(object.routes, `${path}.routes`, issues, (item, at) => readRoute(item, at, issues)),
  };
}

/** `ip4` and `ip6` of 0.1.0 and 0.2.0, each with its address, gateway and routes. */
function readPair(object: JsonObject, path: string, issues: IssueSink): Lists {
  const ips: ResultIp[] = [];
  const routes: ResultRoute[] = [];
  for (const [key, family] of [
    ["ip4", 4],
    ["ip6", 6],
  ] as const) {
    const part = object[key];
    if (part === undefined) continue;
    const at = `${path}.${key}`;
    if (!isObject(part)) {
      report(issues, at, "an object", part);
      continue;
    }
    const address = readPrefix(part.ip, `${at}.ip`, issues);
    if (address === undefined) continue;
    if (prefixFamily(address) !== family) report(issues, `${at}.ip`, `an IPv${family} address`, part.ip);
    ips.push({ address, ...only("gateway", readAddress(part.gateway, `${at}.gateway`, issues)) });
    routes.push(
      ...readList(part.routes, `${at}.routes`, issues, (item, where) => readRoute(item, where, issues)),
    );
  }
  return { interfaces: [], ips, routes };
}

function readInterface(item: unknown, path: string, issues: IssueSink): ResultInterface | undefined {
  if (!isObject(item)) return report(issues, path, "an object", item);
  const hardware = readString(item.mac, `${path}.mac`, issues);
  const mac = hardware === undefined ? undefined : parseMac(hardware);
  // A hardware address that is not Ethernet's is not ours to judge: it goes on as it came.
  const known =
    hardware === undefined || mac !== undefined ? interfaceKeys : interfaceKeys.filter((k) => k !== "mac");
  return {
    name: readString(item.name, `${path}.name`, issues) ?? "",
    ...only("mac", mac),
    ...only("mtu", readInteger(item.mtu, `${path}.mtu`, issues, natural)),
    ...only("sandbox", readString(item.sandbox, `${path}.sandbox`, issues)),
    ...only("socketPath", readString(item.socketPath, `${path}.socketPath`, issues)),
    ...only("pciID", readString(item.pciID, `${path}.pciID`, issues)),
    ...extraOf(item, known),
  };
}

function readIp(item: unknown, path: string, issues: IssueSink): ResultIp | undefined {
  if (!isObject(item)) return report(issues, path, "an object", item);
  const address = readPrefix(item.address, `${path}.address`, issues);
  const gateway = readAddress(item.gateway, `${path}.gateway`, issues);
  const index = readInteger(item.interface, `${path}.interface`, issues, {
    min: -0x80000000,
    max: 0x7fffffff,
  });
  if (address === undefined) return undefined;
  return { address, ...only("gateway", gateway), ...only("interface", index), ...extraOf(item, ipKeys) };
}

const natural = { min: 0, max: 0xffffffff } as const;

function readRoute(item: unknown, path: string, issues: IssueSink): ResultRoute | undefined {
  if (!isObject(item)) return report(issues, path, "an object", item);
  const dst = readPrefix(item.dst, `${path}.dst`, issues);
  const gw = readAddress(item.gw, `${path}.gw`, issues);
  if (dst !== undefined && gw !== undefined && ipFamily(gw) !== prefixFamily(dst)) {
    report(issues, `${path}.gw`, `an IPv${prefixFamily(dst)} address`, gw);
  }
  const number = (key: "mtu" | "advmss" | "priority" | "table" | "scope") =>
    only(key, readInteger(item[key], `${path}.${key}`, issues, natural));
  if (dst === undefined) return undefined;
  return {
    dst,
    ...only("gw", gw),
    ...number("mtu"),
    ...number("advmss"),
    ...number("priority"),
    ...number("table"),
    ...number("scope"),
    ...extraOf(item, routeKeys),
  };
}

function readPrefix(value: unknown, path: string, issues: IssueSink): Prefix | undefined {
  const prefix = typeof value === "string" ? parsePrefix(value) : undefined;
  return prefix ?? report(issues, path, "an address with a length such as 10.1.0.5/16", value);
}

function readAddress(value: unknown, path: string, issues: IssueSink): Ip | undefined {
  const text = readString(value, path, issues);
  if (text === undefined) return undefined;
  return parseIp(text) ?? report(issues, path, "an IP address", value);
}

/** `{key: value}`, or nothing when there is no value. */
function only<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

function extraOf(object: JsonObject, known: readonly string[]): { readonly extra?: JsonObject } {
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length === 0) return {};
  return { extra: Object.fromEntries(unknown.map((key) => [key, object[key]])) };
}
