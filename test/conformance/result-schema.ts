/** The exact shape of a result in each version of the specification. */
import { familyOf, isCanonicalIp, isCidr } from "./address.ts";
import { isObject, type JsonObject, listOf } from "./json.ts";

type Check = (value: unknown, whole: JsonObject) => boolean;
type Shape = Readonly<Record<string, { readonly check: Check; readonly required?: true }>>;

const isText: Check = (value) => typeof value === "string";
const isFilled: Check = (value) => typeof value === "string" && value !== "";
const isNatural: Check = (value) => Number.isInteger(value) && Number(value) >= 0;
const isTexts: Check = (value) => Array.isArray(value) && value.every((part) => typeof part === "string");
const isMac: Check = (value) => typeof value === "string" && /^([0-9a-f]{2}(:[0-9a-f]{2})*)?$/.test(value);
const isList: Check = (value) => Array.isArray(value) && value.every(isObject);
const isAddress: Check = isCanonicalIp;
const isPrefix: Check = isCidr;

const dns: Shape = {
  nameservers: { check: isTexts },
  domain: { check: isText },
  search: { check: isTexts },
  options: { check: isTexts },
};
const route: Shape = { dst: { check: isPrefix, required: true }, gw: { check: isAddress } };
const route11: Shape = {
  ...route,
  mtu: { check: isNatural },
  advmss: { check: isNatural },
  priority: { check: isNatural },
  table: { check: isNatural },
  scope: { check: isNatural },
};
const link: Shape = {
  name: { check: isFilled, required: true },
  mac: { check: isMac },
  sandbox: { check: isText },
};
const link11: Shape = {
  ...link,
  mtu: { check: isNatural },
  socketPath: { check: isText },
  pciID: { check: isText },
};
const ip: Shape = {
  address: { check: isPrefix, required: true },
  gateway: { check: isAddress },
  interface: { check: isNatural },
};
const ip03: Shape = {
  ...ip,
  version: { check: (value, whole) => value === String(familyOf(String(whole.address))), required: true },
};
const family: Shape = {
  ip: { check: isPrefix, required: true },
  gateway: { check: isAddress },
  routes: { check: isList },
};

/** What is wrong with a result; an empty list when nothing is. `netns` is CNI_NETNS as it was given. */
export function schemaTrouble(result: JsonObject, version: string, netns: string): readonly string[] {
  const asked = version === "" ? ["", undefined, "0.1.0"] : [version];
  const wrong = asked.includes(result.cniVersion as string | undefined)
    ? []
    : [`cniVersion is ${JSON.stringify(result.cniVersion)}`];
  const body = version < "0.3.0" ? legacyTrouble(result) : modernTrouble(result, version, netns);
  return [...wrong, ...body, ...(isObject(result.dns) ? against(dns, result.dns, "dns") : [])];
}

function legacyTrouble(result: JsonObject): readonly string[] {
  const top: Shape = {
    cniVersion: { check: isText },
    ip4: { check: isObject },
    ip6: { check: isObject },
    dns: { check: isObject },
  };
  const parts = ["ip4", "ip6"].flatMap((name) => {
    const part = result[name];
    if (!isObject(part)) return [];
    return [
      ...against(family, part, name),
      ...listOf(part, "routes").flatMap((row, at) => against(route, row, `${name}.routes[${at}]`)),
    ];
  });
  const none = result.ip4 === undefined && result.ip6 === undefined ? ["neither ip4 nor ip6"] : [];
  return [...against(top, result, "result"), ...none, ...parts];
}

function modernTrouble(result: JsonObject, version: string, netns: string): readonly string[] {
  const top: Shape = {
    cniVersion: { check: isFilled, required: true },
    interfaces: { check: isList, required: true },
    ips: { check: isList },
    routes: { check: isList },
    dns: { check: isObject },
  };
  const newest = version >= "1.1.0";
  const links = listOf(result, "interfaces");
  return [
    ...against(top, result, "result"),
    ...links.flatMap((row, at) => [
      ...against(newest ? link11 : link, row, `interfaces[${at}]`),
      ...(row.sandbox === undefined || row.sandbox === "" || row.sandbox === netns
        ? []
        : [`interfaces[${at}].sandbox is not CNI_NETNS`]),
    ]),
    ...listOf(result, "ips").flatMap((row, at) => [
      ...against(version < "1.0.0" ? ip03 : ip, row, `ips[${at}]`),
      ...(row.interface !== undefined && links[Number(row.interface)] === undefined
        ? [`ips[${at}].interface is out of range`]
        : []),
    ]),
    ...listOf(result, "routes").flatMap((row, at) => against(newest ? route11 : route, row, `routes[${at}]`)),
  ];
}

function against(shape: Shape, value: JsonObject, path: string): readonly string[] {
  const wrong = Object.entries(value).flatMap(([key, part]) => {
    const rule = shape[key];
    if (rule === undefined) return [`${path}.${key} does not belong there`];
    return rule.check(part, value) ? [] : [`${path}.${key} is ${JSON.stringify(part)}`];
  });
  const missing = Object.entries(shape).filter(([key, rule]) => rule.required && !(key in value));
  return [...wrong, ...missing.map(([key]) => `${path}.${key} is missing`)];
}
