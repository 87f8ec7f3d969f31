/** DNS settings: in a configuration, in a result, and as the capability `dns`. */
import { parseIp } from "../addr/ip.ts";
import { flatShape, type Shape } from "./keys.ts";
import { type IssueSink, isObject, type JsonObject, readString, readStrings, report } from "./read.ts";

export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

export const dnsShape: Shape = flatShape("nameservers", "domain", "search", "options");

/** Reads the form of configurations and results. Addresses come out in canonical text, empty lists are left out. */
export function readDns(value: unknown, path: string, issues: IssueSink): Dns {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) {
    report(issues, path, "an object", value);
    return {};
  }
  return makeDns({
    nameservers: readStrings(value.nameservers, `${path}.nameservers`, issues),
    domain: readString(value.domain, `${path}.domain`, issues),
    search: readStrings(value.search, `${path}.search`, issues),
    options: readStrings(value.options, `${path}.options`, issues),
  });
}

/** Leaves out what is empty, and writes addresses canonically. */
export function makeDns(parts: {
  readonly nameservers: readonly string[];
  readonly domain?: string | undefined;
  readonly search: readonly string[];
  readonly options: readonly string[];
}): Dns {
  return {
    ...(parts.nameservers.length > 0 && {
      nameservers: parts.nameservers.map((server) => parseIp(server) ?? server),
    }),
    ...(parts.domain !== undefined && { domain: parts.domain }),
    ...(parts.search.length > 0 && { search: parts.search }),
    ...(parts.options.length > 0 && { options: parts.options }),
  };
}

export function isEmptyDns(dns: Dns): boolean {
  return Object.keys(dns).length === 0;
}

/** The first that says anything: a configuration's `dns` stands above the IPAM's. */
export function firstDns(...choices: readonly (Dns | undefined)[]): Dns {
  return choices.find((dns) => dns !== undefined && !isEmptyDns(dns)) ?? {};
}

/** All servers and suffixes of both, those of the first before; one domain. */
export function mergeDns(first: Dns, second: Dns): Dns {
  const all = (key: "nameservers" | "search" | "options"): readonly string[] => [
    ...new Set([...(first[key] ?? []), ...(second[key] ?? [])]),
  ];
  const domain = first.domain ?? second.domain;
  return makeDns({ nameservers: all("nameservers"), domain, search: all("search"), options: all("options") });
}

/** In the key order of the specification. */
export function formatDns(dns: Dns): JsonObject {
  const { nameservers, domain, search, options } = dns;
  return {
    ...(nameservers && { nameservers }),
    ...(domain !== undefined && { domain }),
    ...(search && { search }),
    ...(options && { options }),
  };
}
