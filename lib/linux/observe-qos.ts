/** Reading what holds a port to its rates. Changes nothing. */
import type { LimitFacts } from "../model/facts.ts";
import { limitsOf } from "../model/limits.ts";
import type { Plan } from "../model/plan.ts";
import type { Netlink } from "../netlink/connection.ts";
import type { Link } from "../netlink/route/decode-link.ts";
import { decodeQdisc, getQdisc } from "../netlink/tc/qdisc.ts";
import { decodeRedirect, dumpIngressFilters } from "../netlink/tc/redirect.ts";
import { decodeTbf } from "../netlink/tc/tbf.ts";
import { isErrno } from "../os/error.ts";
import type { Limit } from "../policy/qos.ts";
import { limiterName } from "./limiter.ts";
import { linkOf } from "./link-of.ts";

/** @returns undefined for a port that the plan does not limit: then the kernel is not asked */
export function observeLimits(host: Netlink, plan: Plan, port: Link | undefined): LimitFacts | undefined {
  const wanted = limitsOf(plan);
  if (wanted.in === undefined && wanted.out === undefined) return undefined;
  const into = wanted.in === undefined || port === undefined ? undefined : limitAt(host, port);
  const limiter = wanted.out === undefined ? undefined : linkOf(host, limiterName(plan.key));
  return {
    ...(into === undefined ? {} : { in: into }),
    ...(limiter === undefined ? {} : { limiter: limiterFacts(host, limiter, port) }),
  };
}

function limiterFacts(
  host: Netlink,
  limiter: Link,
  port: Link | undefined,
): NonNullable<LimitFacts["limiter"]> {
  const out = limitAt(host, limiter);
  const targets = port === undefined ? [] : host.request(dumpIngressFilters(port.index)).flatMap(targetOf);
  return {
    name: limiter.name,
    up: limiter.up,
    ...(out === undefined ? {} : { out }),
    inUse: targets.includes(limiter.index),
  };
}

const targetOf = (filter: Parameters<typeof decodeRedirect>[0]) => decodeRedirect(filter) ?? [];

/** What holds a link to a rate when it sends. */
function limitAt(host: Netlink, { index }: Link): Limit | undefined {
  try {
    const [qdisc] = host.request(getQdisc(index, "root")).map(decodeQdisc);
    if (qdisc?.kind !== "tbf") return undefined;
    const bucket = decodeTbf(qdisc.options);
    return bucket && { bytesPerSecond: bucket.bytesPerSecond, burstBytes: bucket.burstBytes };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENODEV")) return undefined;
    throw error;
  }
}
