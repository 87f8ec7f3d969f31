/** The keeper of DHCP leases on this host: its state file and its kernel. */
import type { DhcpBackend } from "../../../../lib/seam/dhcp-backend.ts";
import type { DhcpRow } from "../../../../lib/state/rows.ts";
import { shortOwner } from "../../format.ts";
import type { Host } from "../../host.ts";
import type { Journal } from "../journal.ts";
import { type DhcpKeeper, dhcpKeeper, idOf } from "./keeper.ts";
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
    isGone: (row) => {
      const { store, backend } = host();
      const isDetached = !isForeign(row) && store.endpoints.get(row.key) === undefined;
      return isDetached || !backend.compartmentExists(row.netns);
    },
    openLink: ({ netns, ifname, family }) => dhcp.openLink(netns, ifname, family),
    openHost: ({ device, family }) => dhcp.openHost(device, family),
    save: (row, before, after) => {
      const { store } = host();
      return store.transaction(() => {
        if (!store.dhcp.update(row)) return false;
        const endpoint = store.endpoints.get(row.key);
        if (endpoint === undefined) return isForeign(row);
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
      warned.delete(idOf(row));
      log.say(`${shortOwner(row)}: ${text}`);
    },
    warn: (row, error) => {
      const text = `${shortOwner(row)}: ${row.lease.address}: ${messageOf(error)}`;
      // What goes on is told once.
      if (warned.get(idOf(row)) === text) return;
      warned.set(idOf(row), text);
      log.warn(text);
    },
  });
}

/** Of a plugin that is not ours, such as the reference macvlan: our ipam lent the address, and knows of no endpoint. */
const isForeign = ({ device }: DhcpRow): boolean => device === "";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
