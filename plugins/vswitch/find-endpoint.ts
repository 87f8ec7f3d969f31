/** Endpoints by whatever name an operator has at hand. Pure. */
import { parseIp } from "../../lib/addr/ip.ts";
import { type Prefix, prefixAddress } from "../../lib/addr/prefix.ts";
import { formatOwner } from "../../lib/model/owner.ts";
import { UsageError } from "./terminal.ts";

/** Runtimes' ids are long; fewer digits than this are no abbreviation. */
const shortestAbbreviation = 4;

/** What of a row counts here. */
export interface Named {
  readonly key: string;
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly plan: {
    readonly port: { readonly name: string };
    readonly vnic: { readonly addresses: readonly Prefix[] };
  } | null;
}

/**
 * Those that a text may mean: `network/container/interface` or the beginning of it, the container's id or four and
 * more of its first characters, the port's name, an address, or the key that kernel objects bear.
 *
 * @returns of the first way of naming that fits any; none when none does
 */
export function findEndpoints<T extends Named>(text: string, endpoints: readonly T[]): readonly T[] {
  const address = parseIp(text);
  const ways: readonly ((one: T) => boolean)[] = [
    (one) => formatOwner(one) === text || one.key === text || one.plan?.port.name === text,
    (one) => one.containerId === text || `${one.network}/${one.containerId}` === text,
    (one) => one.plan?.vnic.addresses.some((own) => prefixAddress(own) === address) ?? false,
    (one) => text.length >= shortestAbbreviation && one.containerId.startsWith(text),
  ];
  for (const way of ways) {
    const found = endpoints.filter(way);
    if (found.length > 0) return found;
  }
  return [];
}

/** @throws {UsageError} naming the choices, when it is none of them or more than one */
export function findEndpoint<T extends Named>(text: string, endpoints: readonly T[]): T {
  const found = findEndpoints(text, endpoints);
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  if (one !== undefined) throw new UsageError(`"${text}" may be ${listed(found)}: name one of them`);
  const choices = endpoints.length === 0 ? "there are none" : `there are ${listed(endpoints)}`;
  throw new UsageError(`no endpoint is called "${text}"; ${choices}`);
}

/** As many as one reads. */
const mostListed = 8;

function listed(endpoints: readonly Named[]): string {
  const names = endpoints.slice(0, mostListed).map(formatOwner);
  const more = endpoints.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
