/** What of the host's own interfaces overlay networks go by: asked for again when it may have changed. */
import type { HostChange } from "../../../../lib/model/change.ts";
import type { HostFacts } from "../../../../lib/model/facts.ts";
import type { ToolBackend } from "../../../../lib/seam/tool-backend.ts";

export interface HostFactsCache {
  /** The host, and this uplink; no uplink when there is none of that name. */
  of(uplink: string): HostFacts;
  /** @returns whether facts may be others now */
  hear(changes: readonly HostChange[]): boolean;
  forget(): void;
}

/** Ports, switches, tunnels, limiters and adapters of ours: they come and go with containers, and no underlay is on them. */
const ours = /^v(p|s[a-z])-/;

export function hostFactsCache({ observeHost }: Pick<ToolBackend, "observeHost">): HostFactsCache {
  const known = new Map<string, HostFacts>();
  const concerns = (change: HostChange): boolean =>
    change.kind === "host" || (change.kind === "interface" && !ours.test(change.name));
  return {
    of(uplink) {
      let facts = known.get(uplink);
      if (facts === undefined) {
        const { uplink: found, ...rest } = observeHost(uplink);
        // Where there is none of that name, the default route's stands in its place.
        facts = found?.name === uplink ? { ...rest, uplink: found } : rest;
        known.set(uplink, facts);
      }
      return facts;
    },
    hear(changes) {
      const may = known.size > 0 && changes.some(concerns);
      if (may) known.clear();
      return may;
    },
    forget: () => known.clear(),
  };
}
