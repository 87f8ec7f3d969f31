/** What is left behind on a host and what only looks so. Pure. */
import type { Mark, SwitchMark } from "../../../lib/model/facts.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import { portName } from "../../../lib/model/plan.ts";
import type { EndpointRow, Lease } from "../../../lib/state/rows.ts";

/** What is known of a host. */
export interface Remains {
  readonly endpoints: readonly EndpointRow[];
  /** Names of the networks of the state. */
  readonly networks: readonly string[];
  readonly leases: readonly Lease[];
  /** Marks on kernel objects, read before `endpoints`: an ADD writes its row first. */
  readonly marks: readonly Mark[];
  readonly switches: readonly SwitchMark[];
  readonly bootId: string;
  /** Whether something that can be entered is at this path. */
  readonly exists: (path: string) => boolean;
  readonly hasPort: (key: string) => boolean;
  /** Whether the runtime remembers the attachment. */
  readonly isRemembered: (mark: Mark) => boolean;
}

export interface Finding {
  readonly kind: "endpoint" | "port" | "lease" | "switch" | "run";
  readonly name: string;
  readonly why: string;
}

export interface Judgement<T> {
  /** What may go. */
  readonly dead: readonly (Finding & { readonly subject: T })[];
  /** What looks left behind and stays. */
  readonly left: readonly Finding[];
}

/** Undefined: alive, and not worth a word. */
type Verdict = { readonly dead: boolean; readonly why: string } | undefined;

const dead = (why: string): Verdict => ({ dead: true, why });
const left = (why: string): Verdict => ({ dead: false, why });

function judge<T>(
  kind: Finding["kind"],
  all: readonly T[],
  name: (one: T) => string,
  verdictOf: (one: T) => Verdict,
): Judgement<T> {
  const judged = all.flatMap((subject) => {
    const verdict = verdictOf(subject);
    return verdict === undefined ? [] : [{ subject, verdict, kind, name: name(subject), why: verdict.why }];
  });
  return {
    dead: judged.filter(({ verdict }) => verdict.dead).map(({ verdict: _, ...rest }) => rest),
    left: judged.filter(({ verdict }) => !verdict.dead).map(({ verdict: _, subject: __, ...rest }) => rest),
  };
}

/** Endpoints of the state. */
export function judgeEndpoints({ endpoints, bootId, exists, hasPort }: Remains): Judgement<EndpointRow> {
  return judge("endpoint", endpoints, formatOwner, (row) => {
    if (row.bootId !== bootId) return dead("of an earlier boot");
    if (row.netns !== "" && !exists(row.netns)) return dead(`its compartment ${row.netns} is gone`);
    // While it is at work it holds its compartment: that is seen when it is to be removed.
    if (row.phase === "adding") return dead("its ADD did not come to its end");
    if (row.netns !== "") return undefined;
    return hasPort(row.key)
      ? left("its state was rebuilt, so nobody knows its compartment; its port is there")
      : dead("its port is gone, and nobody knows its compartment");
  });
}

/** Kernel objects that bear the mark of an endpoint without a row. */
export function judgeMarks(remains: Remains): Judgement<Mark> {
  const { marks, endpoints, networks, hasPort, isRemembered } = remains;
  const known = new Set(endpoints.map(({ key }) => key));
  const unknown = marks.filter(({ key }) => !known.has(key));
  const name = ({ key, owner }: Mark): string =>
    owner === undefined ? portName(key) : `${portName(key)} of ${formatOwner(owner)}`;
  return judge("port", unknown, name, (mark) => {
    const { key, owner } = mark;
    if (!hasPort(key)) return dead("rules of a port that is gone");
    const network = owner === undefined ? "its network" : `network ${owner.network}`;
    if (owner === undefined || !networks.includes(owner.network))
      return left(`${network} is not in this state: is it of another --data-dir?`);
    if (isRemembered(mark)) return left("the runtime remembers it, the state does not: DEL removes it");
    return dead("the state knows nothing of it");
  });
}

/** Leases whose endpoint has no row: those of our ipam beside somebody else's plugin have none while they live. */
export function judgeLeases({ leases, endpoints, bootId, exists }: Remains): Judgement<Lease> {
  const known = new Set(endpoints.map(({ key }) => key));
  const alone = leases.filter(({ key }) => !known.has(key));
  const name = (lease: Lease): string => `${lease.address} of ${formatOwner(lease)}`;
  return judge("lease", alone, name, (lease) => {
    if (lease.bootId !== bootId) return dead("of an earlier boot");
    if (lease.netns === "") return left("nobody knows its compartment");
    return exists(lease.netns) ? undefined : dead(`its compartment ${lease.netns} is gone`);
  });
}

/** @param all whether those that wait for their network's next container go too */
export function judgeSwitches(
  { switches, endpoints, networks }: Remains,
  all: boolean,
): Judgement<SwitchMark> {
  const used = new Set(endpoints.map(({ network }) => network));
  const idle = switches.filter(({ network }) => !used.has(network));
  const name = ({ name, network }: SwitchMark): string => `${name} of network ${network}`;
  return judge("switch", idle, name, ({ network }) => {
    if (all) return dead("no endpoint is on it");
    const waits = networks.includes(network)
      ? "it waits for the next container"
      : "this state knows no such network";
    return left(`no endpoint is on it, ${waits}: --switches removes it`);
  });
}
