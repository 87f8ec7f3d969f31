/** A packet across hosts of an overlay network: on each that is known, it is traced as on the first. Pure. */
import type { Scene } from "../scene.ts";
import type { Probe, TraceStart } from "./start.ts";
import { begin } from "./start.ts";
import type { Encapsulation, Trace, Verdict } from "./trace.ts";
import { type TraceOptions, type Travelled, travel } from "./trace-packet.ts";

/** What became of it on another host. */
export interface Leg {
  /** As the host before calls it. */
  readonly host: string;
  readonly trace: Trace;
}

export interface Journey {
  readonly trace: Trace;
  /** In order; none where it went to no other host, or to one that is not known. */
  readonly far: readonly Leg[];
}

/** A host that sends on what came to it from another is a mistake already; more of them than this are a circle. */
const mostLegs = 4;

/**
 * @param others scenes of other hosts, which are told by their addresses
 * @throws {RangeError} when the start names an endpoint that the scene does not have
 */
export function traceAcross(
  scene: Scene,
  start: TraceStart,
  probe: Probe,
  { state = "new" }: TraceOptions,
  others: readonly Scene[],
): Journey {
  const first = begin(scene, start, probe, state);
  if (first === undefined) throw new RangeError(`no endpoint of the scene has key ${JSON.stringify(start)}`);
  let here = travel(first);
  const { trace } = here;
  const far: Leg[] = [];
  while (far.length < mostLegs) {
    const tunnel = tunnelOf(here.trace.verdict);
    const there = tunnel && others.find((one) => hasAddress(one, tunnel));
    if (tunnel === undefined || there === undefined) break;
    here = onwards(there, tunnel, here);
    far.push({ host: tunnel.node ?? tunnel.vtep, trace: here.trace });
  }
  return { trace, far };
}

function tunnelOf(verdict: Verdict): Encapsulation | undefined {
  if (verdict.kind === "perhaps") return tunnelOf(verdict.otherwise);
  return verdict.kind === "leaves" ? verdict.tunnel : undefined;
}

const hasAddress = ({ host }: Scene, { vtep }: Encapsulation): boolean =>
  host.interfaces.some(({ addresses }) => addresses.some((own) => own.startsWith(`${vtep}/`)));

/** What was consulted before counts on, and what was changed before is the path's own. */
function onwards(scene: Scene, tunnel: Encapsulation, { walk }: Travelled): Travelled {
  const { packet, state, doubts, consulted, rewritten } = walk;
  return travel({
    walk: { scene, state, packet, origin: packet, dnat: false, doubts, consulted, rewritten, tunnel },
    segment: "tunnel.in",
  });
}
