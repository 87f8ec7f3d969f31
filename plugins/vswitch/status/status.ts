/** `vswitch status`: what of this host's networks is degraded, and since when. */
import { isAgentAlive } from "../../../lib/state/agent-lock.ts";
import { liveEndpoints, openState } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";
import { readAgentStatus } from "./agent-status.ts";
import { formatStatus } from "./format-status.ts";
import { statusView } from "./view.ts";

/** Exit code 1 when something is degraded. */
export function status(options: CommonOptions, session: Session): void {
  const { json, "data-dir": dataDir } = options;
  const state = openState({ dataDir, warn: (text) => session.complain(`vswitch: ${text}`) });
  try {
    const { store } = state;
    const networks = store.networks.list();
    const snapshots = networks.flatMap(({ name }) => {
      const known = store.directories.get(name);
      return known === undefined
        ? []
        : [[name, { peers: known.peers.length, savedMs: known.savedMs }] as const];
    });
    const view = statusView({
      ...{ networks, endpoints: liveEndpoints(state) },
      blocks: store.blocks.list(),
      leases: store.leases.list(),
      snapshots: new Map(snapshots),
      alive: isAgentAlive(dataDir),
      said: readAgentStatus(dataDir),
    });
    session.print(json ? JSON.stringify(view, null, 2) : formatStatus(view, Date.now()));
    if (view.degraded) session.exitWith(1);
  } finally {
    state.close();
  }
}
