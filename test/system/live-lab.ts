/** Live probes on a throw-away host with nat networks: in this process, with the host's compartment as ours. */
import { Database } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { ip } from "../../lib/addr/ip.ts";
import { probeLive } from "../../lib/linux/live/probe.ts";
import { thisMachine } from "../../lib/linux/machine.ts";
import { inCompartment } from "../../lib/linux/netns.ts";
import type { LivePacket, LiveResult } from "../../lib/model/live/live.ts";
import type { Plan } from "../../lib/model/plan.ts";
import type { Attached, NatLab } from "./nat-lab.ts";

export interface LiveAsk {
  readonly to: string;
  readonly protocol?: LivePacket["protocol"];
  readonly port?: number;
  readonly source?: string;
}

/** Sends a probe from an attachment; all attachments are watched. */
export function probe(lab: NatLab, from: Attached, ask: LiveAsk): Promise<LiveResult> {
  const plans = plansOf(lab);
  const sender = plans.find(({ owner }) => owner.containerId === from.id);
  if (sender === undefined) throw new Error(`no plan of ${from.id}`);
  const packet = {
    destination: ip(ask.to),
    protocol: ask.protocol ?? "icmp",
    ...(ask.port !== undefined && { destinationPort: ask.port }),
    ...(ask.source !== undefined && { source: ip(ask.source) }),
  };
  const { path } = lab.host.ns;
  const fd = openSync(path, "r");
  try {
    // All sockets are opened before the first wait: they stay in there.
    return inCompartment({ fd, path }, () => {
      const machine = thisMachine();
      const request = { from: sender, receivers: plans, endpoints: plans, packet };
      return probeLive(machine, request).finally(() => machine.close());
    });
  } finally {
    closeSync(fd);
  }
}

function plansOf({ dataDir }: NatLab): readonly Plan[] {
  using database = new Database(join(dataDir, "state.db"), { readonly: true });
  const rows = database.query<{ plan: string }, []>("SELECT plan FROM endpoints").all();
  return rows.map(({ plan }) => JSON.parse(plan));
}
