/** What a takeover that broke off has on neither link: it is in the journal alone. Pure. */
import type { HostConfiguration, HostObject } from "../../model/host-configuration.ts";

/** @param first whose setting counts */
export const both = (first: HostConfiguration, second: HostConfiguration): HostConfiguration => ({
  ...first,
  addresses: [...first.addresses, ...second.addresses],
  routes: [...first.routes, ...second.routes],
  neighbours: [...first.neighbours, ...second.neighbours],
});

/** @param found what is on the links. Times pass, so that words are compared, not messages */
export function lostOf(journal: HostConfiguration, found: readonly HostConfiguration[]): HostConfiguration {
  const lost = <T extends HostObject>(of: (from: HostConfiguration) => readonly T[]): readonly T[] => {
    const known = new Set(found.flatMap((one) => of(one).map(({ title }) => title)));
    return of(journal).filter(({ title }) => !known.has(title));
  };
  return {
    addresses: lost(({ addresses }) => addresses),
    routes: lost(({ routes }) => routes),
    neighbours: lost(({ neighbours }) => neighbours),
  };
}
