/** The keeper of DHCP leases on this host: its state file and its kernel. */
import type { DhcpBackend } from "../../../../lib/backend.ts";
import { shortOwner } from "../../format.ts";
import type { Host } from "../../host.ts";
import type { Journal } from "../journal.ts";
import { type DhcpKeeper, dhcpKeeper } from "./keeper.ts";
import { replan } from "./replan.ts";

interface HostKeeperParts {
  /** With the state file that is there now. */
  readonly host: () => Host;
  readonly dhcp: DhcpBackend;
  readonly log: Journal;
}

export function hostKeeper({ host, dhcp, log }: HostKeeperParts): DhcpKeeper {
  const warned = new Map<string, string>();
  return dhcpKeeper({
    rows: () =>
      host()
        .store.dhcp.list()
        .filter(({ bootId }) => bootId === host().bootId),
    isGone: ({ key, netns }) => {
      const { store, backend } = host();
      return store.endpoints.get(key) === undefined || !backend.compartmentExists(netns);
    },
    openLink: ({ netns, ifname, family }) => dhcp.openLink(netns, ifname, family),
    openHost: ({ device, family }) => dhcp.openHost(device, family),
    save: (row, before, after) => {
      const { store } = host();
      return store.transaction(() => {
        if (!store.dhcp.update(row)) return false;
        const endpoint = store.endpoints.get(row.key);
        if (endpoint === undefined) return false;
        const { plan } = endpoint;
        if (plan !== null && JSON.stringify(before) !== JSON.stringify(after))
          store.endpoints.put({ ...endpoint, plan: replan(plan, before, after) });
        return true;
      });
    },
    forget: ({ key, family }) => host().store.dhcp.remove(key, family),
    now: () => Date.now(),
    random: () => Math.random(),
    say: (row, text) => {
      warned.delete(row.key);
      log.say(`${shortOwner(row)}: ${text}`);
    },
    warn: (row, error) => {
      const text = `${shortOwner(row)}: ${row.lease.address}: ${messageOf(error)}`;
      // What goes on is told once.
      if (warned.get(row.key) === text) return;
      warned.set(row.key, text);
      log.warn(text);
    },
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
