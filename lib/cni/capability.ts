/** `runtimeConfig`: what a runtime hands to the capabilities a configuration declares (CNI conventions). */
import { isUnicastMac, type Mac, parseMac } from "../addr/mac.ts";
import {
  type AddressRequest,
  type RangeRequest,
  readAddressRequests,
  readRangeRequests,
} from "./address-request.ts";
import { type Bandwidth, readBandwidth } from "./bandwidth.ts";
import { type Dns, makeDns } from "./dns.ts";
import { anyShape, flatShape, foldObject, listShape } from "./keys.ts";
import { type PortMappingRequest, readPortMappings } from "./port-mapping.ts";
import {
  type Issue,
  type IssueSink,
  isObject,
  type JsonObject,
  readObject,
  readString,
  readStrings,
  report,
  throwIssues,
} from "./read.ts";

export type { PortMappingRequest } from "./port-mapping.ts";

/** What the runtime asked for; lists are empty and the rest is absent where it asked for nothing. */
export interface RuntimeConfig {
  readonly portMappings: readonly PortMappingRequest[];
  readonly ips: readonly AddressRequest[];
  readonly ipRanges: readonly (readonly RangeRequest[])[];
  readonly aliases: readonly string[];
  readonly mac?: Mac;
  readonly bandwidth?: Bandwidth;
  /** In the words of a result: servers are `nameservers`, searches are `search`. */
  readonly dns?: Dns;
  readonly deviceID?: string;
  readonly infinibandGUID?: string;
  readonly cgroupPath?: string;
  readonly podAnnotations?: JsonObject;
  /** Type of the vNIC, or an object that says more: for lib/planning to read. */
  readonly vnic?: unknown;
}

const annotationsKey = "io.kubernetes.cri.pod-annotations";

/** containerd sends these structs with Go's field names: HostPort, IngressRate, Servers, RangeStart. */
const shape = {
  portMappings: listShape(flatShape("hostPort", "containerPort", "protocol", "hostIP")),
  bandwidth: flatShape("ingressRate", "ingressBurst", "egressRate", "egressBurst"),
  ips: listShape(anyShape),
  ipRanges: listShape(listShape(flatShape("subnet", "rangeStart", "rangeEnd", "gateway"))),
  dns: flatShape("servers", "searches", "options"),
  mac: anyShape,
  deviceID: anyShape,
  infinibandGUID: anyShape,
  aliases: listShape(anyShape),
  cgroupPath: anyShape,
  vnic: anyShape,
  [annotationsKey]: anyShape,
} as const;

/**
 * Reads the capabilities the conventions know; others are left alone.
 *
 * @param network name of the network: podman sends the aliases of all networks under their names
 * @throws {CniError} 7 with every fault
 */
export function parseRuntimeConfig(runtimeConfig: JsonObject | undefined, network: string): RuntimeConfig {
  if (runtimeConfig === undefined) return { portMappings: [], ips: [], ipRanges: [], aliases: [] };
  const issues: Issue[] = [];
  const object = foldObject(runtimeConfig, shape);
  const text = <K extends "deviceID" | "infinibandGUID" | "cgroupPath">(key: K) => {
    const value = readString(object[key], `runtimeConfig.${key}`, issues);
    return value === undefined ? undefined : { [key]: value };
  };
  const mac = readMac(object.mac, "runtimeConfig.mac", issues);
  const bandwidth = readBandwidth(object.bandwidth, "runtimeConfig.bandwidth", issues);
  const dns = readDnsRequest(object.dns, "runtimeConfig.dns", issues);
  const annotations = readObject(object[annotationsKey], `runtimeConfig.${annotationsKey}`, issues);
  const parsed: RuntimeConfig = {
    portMappings: readPortMappings(object.portMappings, "runtimeConfig.portMappings", issues),
    ips: readAddressRequests(object.ips, "runtimeConfig.ips", issues),
    ipRanges: readRangeRequests(object.ipRanges, "runtimeConfig.ipRanges", issues),
    aliases: readAliases(object.aliases, network, issues),
    ...(mac !== undefined && { mac }),
    ...(bandwidth !== undefined && { bandwidth }),
    ...(dns !== undefined && { dns }),
    ...text("deviceID"),
    ...text("infinibandGUID"),
    ...text("cgroupPath"),
    ...(annotations !== undefined && { podAnnotations: annotations }),
    ...(object.vnic !== undefined && { vnic: object.vnic }),
  };
  throwIssues(issues);
  return parsed;
}

/** Reads a MAC a NIC may bear: 6 bytes (InfiniBand's 20 are refused), not multicast, not zero. */
export function readMac(value: unknown, path: string, issues: IssueSink): Mac | undefined {
  const text = readString(value, path, issues);
  if (text === undefined) return undefined;
  const mac = parseMac(text);
  if (mac !== undefined && isUnicastMac(mac)) return mac;
  return report(issues, path, "a unicast MAC address of 6 bytes", text);
}

function readDnsRequest(value: unknown, path: string, issues: IssueSink): Dns | undefined {
  const object = readObject(value, path, issues);
  return (
    object &&
    makeDns({
      nameservers: readStrings(object.servers, `${path}.servers`, issues),
      search: readStrings(object.searches, `${path}.searches`, issues),
      options: readStrings(object.options, `${path}.options`, issues),
    })
  );
}

function readAliases(value: unknown, network: string, issues: IssueSink): readonly string[] {
  const path = "runtimeConfig.aliases";
  if (!isObject(value)) return readStrings(value, path, issues);
  return Object.hasOwn(value, network) ? readStrings(value[network], `${path}.${network}`, issues) : [];
}
