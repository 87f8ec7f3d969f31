/** Reading all marks on kernel objects: what there is of our switches and endpoints, whatever the state file says. */
import type { Ip } from "../addr/ip.ts";
import type { Mark, MarkedPort, SwitchMark } from "../model/facts.ts";
import { decodeLink } from "../netlink/route/decode-link.ts";
import { dumpLinks } from "../netlink/route/link.ts";
import type { LayoutElement } from "./layout/element.ts";
import type { Readers } from "./machine.ts";
import { networkMark, parseEndpointAlias, parseEndpointComment, parseSwitchAlias } from "./mark.ts";
import { portElements, publishedElements } from "./remove.ts";

interface Marks {
  readonly endpoints: readonly Mark[];
  readonly switches: readonly SwitchMark[];
}

/** @param network only what is of this one; absent for all */
export function observeMarks({ host, rules }: Pick<Readers, "host" | "rules">, network?: string): Marks {
  const links = ["veth", "tun", "ifb", "bridge"].flatMap((kind) =>
    host.request(dumpLinks({ kind })).map(decodeLink),
  );
  const switches = links.flatMap((link) => parseSwitchAlias(link.name, link.mtu, link.alias, link.mac) ?? []);
  const endpoints = new Map<string, Mark>();
  for (const link of links) {
    const mark = parseEndpointAlias(link.alias);
    if (mark !== undefined) endpoints.set(mark.key, { ...mark, ports: [] });
  }
  for (const { comment } of portElements(rules)) {
    const mark = parseEndpointComment(comment);
    if (mark !== undefined && !endpoints.has(mark.key)) endpoints.set(mark.key, { ...mark, ports: [] });
  }
  for (const element of publishedElements(rules)) {
    const mark = parseEndpointComment(element.comment);
    if (mark === undefined) continue;
    const known = endpoints.get(mark.key) ?? { ...mark, ports: [] };
    endpoints.set(mark.key, { ...known, ports: [...known.ports, portOf(element)] });
  }
  const all = [...endpoints.values()];
  if (network === undefined) return { switches, endpoints: all };
  return {
    switches: switches.filter((mark) => mark.network === networkMark(network)),
    endpoints: all.filter((mark) => mark.owner?.network === network),
  };
}

/** The key of an element: host address (or none), protocol, port. */
function portOf({ set, key }: LayoutElement): MarkedPort {
  const [protocol, hostPort] = [String(key.at(-2)), Number(key.at(-1))];
  const family = set.startsWith("published4") ? 4 : 6;
  const hostIp = key.length === 3 ? (String(key[0]) as Ip) : undefined;
  return { protocol, hostPort, family, ...(hostIp === undefined ? {} : { hostIp }) };
}
