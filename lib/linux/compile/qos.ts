/** Steps that hold a port to its rates. Pure. */
import { limitsOf } from "../../model/limits.ts";
import type { Plan } from "../../model/plan.ts";
import { createIfb } from "../../netlink/route/ifb.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { addIngress, addTbf } from "../../netlink/tc/qdisc.ts";
import { addRedirect } from "../../netlink/tc/redirect.ts";
import type { TokenBucket } from "../../netlink/tc/tbf.ts";
import type { Limit } from "../../policy/qos.ts";
import { limiterGroup, limiterMac, limiterName } from "../limiter.ts";
import { endpointAlias } from "../mark.ts";
import type { Step } from "../step.ts";

/** How long a packet waits at most for those before it: enough for TCP over 70 ms of round trip to fill the rate. */
const queueMs = 25;
/** TCP begins with ten packets (RFC 6928). With 16 in the queue it fills 1 Mbit/s; with 24 and more its losses come in rows. */
const leastQueueFrames = 16;

/**
 * The port is there, down, and is up after these steps: on a link that is up, each queueing discipline costs the
 * kernel a wait of 10 to 20 ms.
 *
 * @returns nothing where the port is not limited
 */
export function limitRates(plan: Plan): readonly Step[] {
  const { port } = plan;
  const limits = limitsOf(plan);
  const { in: into, out } = limits;
  if (into === undefined && out === undefined) return [];
  const bucket = (limit: Limit) => bucketOf(limit, plan.switch.mtu);
  return [
    {
      ...own(`learn ${port.name}`),
      action: { kind: "learn", where: "host", role: "port", name: port.name },
    },
    ...(out === undefined ? [] : createLimiter(plan, bucket(out))),
    {
      ...own(`limit ${port.name}; link set ${port.name} up`),
      action: {
        kind: "host",
        requests: (index) => [
          // Deleting the port deletes them.
          ...(into === undefined ? [] : [addTbf(index("port"), bucket(into))]),
          ...(out === undefined
            ? []
            : [addIngress(index("port")), addRedirect(index("port"), index("limiter"))]),
          setLink(index("port"), {
            up: true,
            ...(out === undefined ? {} : { group: limiterGroup(index("port")) }),
          }),
        ],
      },
    },
  ];
}

const own = (title: string) => ({ title, scope: "endpoint" }) as const;

function createLimiter(
  { owner, key, port, vnic, switch: { mtu } }: Plan,
  bucket: TokenBucket,
): readonly Step[] {
  const name = limiterName(key);
  return [
    {
      ...own(`link add ${name} type ifb`),
      action: {
        kind: "host",
        requests: (index) => [
          createIfb({ name, mtu, mac: limiterMac(key), group: limiterGroup(index("port")) }),
        ],
      },
      undo: { kind: "host", requests: () => [deleteLink(name)] },
    },
    { ...own(`learn ${name}`), action: { kind: "learn", where: "host", role: "limiter", name } },
    {
      ...own(`link set ${name} alias; limit what ${port.name} receives; link set ${name} up`),
      action: {
        kind: "host",
        requests: (index) => [
          setLink(index("limiter"), { alias: endpointAlias(owner, vnic.addresses) }),
          // It speaks for nobody, as little as the port.
          setLink(index("limiter"), { addrGenMode: "none" }),
          addTbf(index("limiter"), bucket),
          setLink(index("limiter"), { up: true }),
        ],
      },
      accept: ["EAFNOSUPPORT"],
    },
  ];
}

function bucketOf({ bytesPerSecond, burstBytes }: Limit, mtu: number): TokenBucket {
  const queued = Math.max(Math.ceil((bytesPerSecond * queueMs) / 1000), leastQueueFrames * mtu);
  return { bytesPerSecond, burstBytes, limitBytes: burstBytes + queued };
}
