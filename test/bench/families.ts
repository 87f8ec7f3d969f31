/** Everything the bench measures, in the order of the table. */
import type { Family } from "./row.ts";
import { atOnce } from "./rows/at-once.ts";
import { attach } from "./rows/attach.ts";
import { claims } from "./rows/claims.ts";
import { connect } from "./rows/connect.ts";
import { dhcp } from "./rows/dhcp.ts";
import { directory } from "./rows/directory.ts";
import { fullPool } from "./rows/full-pool.ts";
import { lan } from "./rows/lan.ts";
import { manyPorts } from "./rows/many-ports.ts";
import { memory } from "./rows/memory.ts";
import { overlay } from "./rows/overlay.ts";
import { policies } from "./rows/policies.ts";
import { throughput } from "./rows/throughput.ts";
import { vmNic } from "./rows/vm-nic.ts";

export const families: readonly Family[] = [
  attach,
  atOnce,
  manyPorts,
  fullPool,
  memory,
  connect,
  throughput,
  policies,
  lan,
  dhcp,
  vmNic,
  overlay,
  directory,
  claims,
];

/** The single processes below the table. */
export const breakdownName = "breakdown";

/** What `--only` takes. */
export const names: readonly string[] = [
  ...new Set([
    ...families.flatMap(({ name, rows }) => [name, ...rows.map((row) => row.name)]),
    breakdownName,
  ]),
];
