/** Configuration of the ipam: host-local's keys, and `cooldown`. Pure. */
import validate from "#schema/ipam";
import { parsePrefix, prefixFamily } from "../../lib/addr/prefix.ts";
import { anyShape, flatShape, foldObject, listShape } from "../../lib/cni/keys.ts";
import type { NetConf } from "../../lib/cni/netconf.ts";
import { type Issue, type IssueSink, report, throwIssues } from "../../lib/cni/read.ts";
import type { ResultRoute } from "../../lib/cni/result.ts";
import { schemaIssues } from "../../lib/cni/schema.ts";
import type { AddressInterval } from "../../lib/state/rows.ts";
import type { PoolConfig } from "./pool/config.ts";
import { intervalsOverlap, makeRange, type Range, type RangeInput, usableIntervals } from "./range.ts";
import { refuseMisspelt } from "./refuse-misspelt.ts";
import { type RawRoute, readIp, readRoutes } from "./routes.ts";

/** An ADD gets one address of each set. */
export interface RangeSet {
  readonly ranges: readonly Range[];
  /** The addresses that may be given out, in order. */
  readonly usable: readonly AddressInterval[];
}

/** Where addresses come from when a server on the wire gives them. */
export interface DhcpConfig {
  /** What the server is told of the container; absent: its own name. */
  readonly hostname?: string;
  /** How long ADD waits for all of it. */
  readonly timeoutMs: number;
  /** How the container gets addresses of IPv6: not at all, by router advertisements, or by DHCPv6. */
  readonly ipv6: "none" | "slaac" | "dhcp";
}

export interface IpamConfig {
  /** Absent: addresses are ours to give, out of `sets`. */
  readonly dhcp?: DhcpConfig;
  readonly sets: readonly RangeSet[];
  /** Absent: `sets` are this host's alone, and nobody is asked. Else they are empty, and blocks of it serve. */
  readonly pool?: PoolConfig;
  readonly routes: readonly ResultRoute[];
  /** Path of a resolv.conf(5) whose content becomes the result's `dns`. */
  readonly resolvConf?: string;
  /** A released address that is used again sooner than this is worth a warning. */
  readonly cooldownMs: number;
}

const dealtOut = () => require("./pool/config.ts") as typeof import("./pool/config.ts");

/** Seconds. */
const defaultCooldown = 60;
/** Seconds: a server that checks an address before it offers it takes one to three. */
const defaultTimeout = 10;

const rangeShape = flatShape("subnet", "rangeStart", "rangeEnd", "gateway");
const shape = {
  type: anyShape,
  subnet: anyShape,
  rangeStart: anyShape,
  rangeEnd: anyShape,
  gateway: anyShape,
  ranges: listShape(listShape(rangeShape)),
  routes: listShape(flatShape("dst", "gw", "mtu", "advmss", "priority", "table", "scope")),
  dataDir: anyShape,
  resolvConf: anyShape,
  cooldown: anyShape,
  source: anyShape,
  hostname: anyShape,
  timeout: anyShape,
  ipv6: anyShape,
  store: anyShape,
};

interface RawRange {
  readonly subnet: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
  readonly gateway?: string;
}
interface RawIpam extends Partial<RawRange> {
  readonly ranges?: readonly (readonly RawRange[])[];
  readonly routes?: readonly RawRoute[];
  readonly resolvConf?: string;
  readonly cooldown?: number;
  readonly source?: "ranges" | "dhcp";
  readonly hostname?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly ipv6?: DhcpConfig["ipv6"];
}

/**
 * @param requested `runtimeConfig.ipRanges`: sets of their own, before those of the configuration; a configured set
 *   that overlaps one of them gives way to it
 * @throws {CniError} 7 with every fault, 2 for a misspelt key
 */
export function parseIpamConfig(
  config: Pick<NetConf, "ipam">,
  requested: readonly (readonly RangeInput[])[] = [],
): IpamConfig {
  const raw = foldObject(config.ipam?.raw ?? {}, shape);
  if (raw.store !== undefined) return dealtOut().parsePoolConfig(raw, requested);
  refuseMisspelt(raw, Object.keys(shape));
  const issues: Issue[] = [...schemaIssues(validate, raw, "ipam")];
  throwIssues(issues);
  const ipam = raw as RawIpam;
  const wanted = requested.map((set, i) => readSet(set, `runtimeConfig.ipRanges[${i}]`, issues));
  const configured = configuredSets(ipam, issues).filter(
    (set) => !wanted.some((other) => setsOverlap(set, other)),
  );
  const sets = [...wanted, ...configured];
  refuseOverlap(sets, issues);
  const routes = readRoutes(ipam.routes, issues);
  const dhcp = ipam.source === "dhcp" ? readDhcp(ipam, sets, issues) : refuseDhcpKeys(ipam, issues);
  throwIssues(issues);
  return {
    ...(dhcp === undefined ? {} : { dhcp }),
    sets: withUsable(sets, issues),
    routes,
    ...(ipam.resolvConf ? { resolvConf: ipam.resolvConf } : {}),
    cooldownMs: (ipam.cooldown ?? defaultCooldown) * 1000,
  };
}

function readDhcp(ipam: RawIpam, sets: readonly SetInput[], issues: IssueSink): DhcpConfig {
  const { hostname, timeout = defaultTimeout, ipv6 = "none" } = ipam;
  if (sets.length > 0) report(issues, "ipam", "either source dhcp or ranges of our own", "both");
  return { timeoutMs: timeout * 1000, ipv6, ...(hostname === undefined ? {} : { hostname }) };
}

function refuseDhcpKeys(ipam: RawIpam, issues: IssueSink): undefined {
  for (const key of ["hostname", "timeout", "ipv6"] as const)
    if (ipam[key] !== undefined) report(issues, `ipam.${key}`, `nothing without "source": "dhcp"`, ipam[key]);
}

type SetInput = readonly Range[];

function configuredSets(ipam: RawIpam, issues: IssueSink): readonly SetInput[] {
  const { subnet, rangeStart, rangeEnd, gateway } = ipam;
  const single: readonly RawRange[] =
    subnet === undefined
      ? []
      : [
          {
            subnet,
            ...(rangeStart && { rangeStart }),
            ...(rangeEnd && { rangeEnd }),
            ...(gateway && { gateway }),
          },
        ];
  const top = single.length === 0 ? [] : [readRawSet(single, "ipam", issues)];
  return [...top, ...(ipam.ranges ?? []).map((set, i) => readRawSet(set, `ipam.ranges[${i}]`, issues))];
}

function readRawSet(set: readonly RawRange[], path: string, issues: IssueSink): SetInput {
  const inputs = set.map((range, i) => {
    const at = path === "ipam" ? path : `${path}[${i}]`;
    const address = (key: "rangeStart" | "rangeEnd" | "gateway") =>
      readIp(range[key], `${at}.${key}`, issues);
    const subnet = parsePrefix(range.subnet);
    if (subnet === undefined)
      return report(issues, `${at}.subnet`, "a subnet such as 10.1.0.0/16", range.subnet);
    return {
      subnet,
      rangeStart: address("rangeStart"),
      rangeEnd: address("rangeEnd"),
      gateway: address("gateway"),
    };
  });
  return readSet(
    inputs.filter((input) => input !== undefined),
    path,
    issues,
  );
}

function readSet(set: readonly RangeInput[], path: string, issues: IssueSink): SetInput {
  const ranges = set.map((range, i) => makeRange(range, path === "ipam" ? path : `${path}[${i}]`, issues));
  const made = ranges.filter((range) => range !== undefined);
  const families = new Set(made.map((range) => prefixFamily(range.subnet)));
  if (families.size > 1) report(issues, path, "ranges of one family in a set", "IPv4 and IPv6");
  return made;
}

function refuseOverlap(sets: readonly SetInput[], issues: IssueSink): void {
  const ranges = sets.flat();
  for (const [i, range] of ranges.entries()) {
    const other = ranges.slice(0, i).find((earlier) => intervalsOverlap(earlier, range));
    if (other)
      report(
        issues,
        "ipam",
        "ranges that do not overlap",
        `${other.first}-${other.last} and ${range.first}-${range.last}`,
      );
  }
}

const setsOverlap = (a: SetInput, b: SetInput): boolean =>
  a.some((x) => b.some((y) => intervalsOverlap(x, y)));

/** A gateway of one range is no address to give out of another either. */
function withUsable(sets: readonly SetInput[], issues: Issue[]): readonly RangeSet[] {
  const reserved = new Set(
    sets.flat().flatMap(({ gateway, reserved }) => [...reserved, ...(gateway ? [gateway] : [])]),
  );
  const made = sets.map((ranges) => ({
    ranges,
    usable: ranges.flatMap((range) => usableIntervals(range, reserved)),
  }));
  for (const { ranges, usable } of made) {
    if (usable.length > 0) continue;
    const named = ranges.map(({ first, last }) => `${first}-${last}`).join(", ") || "an empty set";
    report(issues, "ipam", "a range with an address beside gateway, network and broadcast", named);
  }
  throwIssues(issues);
  return made;
}
