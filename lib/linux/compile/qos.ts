/** Steps that hold a port to its rates. Pure. */
import { type Limits, limitsOf } from "../../model/limits.ts";
import type { Plan } from "../../model/plan.ts";
import type { Request } from "../../netlink/message.ts";
import { createIfb } from "../../netlink/route/ifb.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { addIngress, addTbf } from "../../netlink/tc/qdisc.ts";
import { addRedirect } from "../../netlink/tc/redirect.ts";
import type { TokenBucket } from "../../netlink/tc/tbf.ts";
import type { Limit } from "../../policy/qos.ts";
import { learn, own } from "../endpoint-step.ts";
import { limiterGroup, limiterMac, limiterName } from "../limiter.ts";
import { endpointAlias } from "../mark.ts";
import type { LinkIndex, Step } from "../step.ts";

/**
 * How long a packet waits at most for those before it. It is enough for TCP over 70 ms of round trip to fill the rate,
 * and more than any burst: a packet that the bucket lets pass at once, 64 KiB with segmentation offload, must fit.
 */
const queueMs = 30;
/**
 * TCP begins with ten packets (RFC 6928). With 18 it fills rates of 1 Mbit/s and more; the losses of a longer queue come
 * in rows, after which TCP falls silent for a fifth of a second.
 */
const leastQueueFrames = 18;

/**
 * The port is there, down, and is up after these steps: on a link that is up, each queueing discipline costs the
 * kernel a wait of 10 to 20 ms.
 *
 * @returns nothing where the port is not limited
 */
export function limitRates(plan: Plan): readonly Step[] {
  const { key, port } = plan;
  const limits = limitsOf(plan);
  if (limits.in === undefined && limits.out === undefined) return [];
  return [
    learn("host", "port", port.name),
    ...(limits.out === undefined ? [] : [createLimiter(plan), learn("host", "limiter", limiterName(key))]),
    {
      ...own(`limit ${port.name}; link set ${port.name} up`),
      // All of it goes with the port and its limiter.
      action: { kind: "host", requests: (index) => holdPort(plan, limits, index) },
      accept: ["EAFNOSUPPORT"],
    },
  ];
}

function createLimiter({ key, switch: { mtu } }: Plan): Step {
  const name = limiterName(key);
  return {
    ...own(`link add ${name} type ifb`),
    action: {
      kind: "host",
      requests: (index) => [
        createIfb({ name, mtu, mac: limiterMac(key), group: limiterGroup(index("port")) }),
      ],
    },
    undo: { kind: "host", requests: () => [deleteLink(name)] },
  };
}

function holdPort(plan: Plan, { in: into, out }: Limits, index: LinkIndex): readonly Request[] {
  const { mtu } = plan.switch;
  const port = index("port");
  const towards = into === undefined ? [] : [addTbf(port, bucketOf(into, mtu))];
  if (out === undefined) return [...towards, setLink(port, { up: true })];
  return [
    ...setUpLimiter(plan, bucketOf(out, mtu), index("limiter")),
    ...towards,
    addIngress(port),
    addRedirect(port, index("limiter")),
    setLink(port, { up: true, group: limiterGroup(port) }),
  ];
}

function setUpLimiter({ owner, vnic }: Plan, bucket: TokenBucket, limiter: number): readonly Request[] {
  return [
    setLink(limiter, { alias: endpointAlias(owner, vnic.addresses) }),
    // It speaks for nobody, as little as the port.
    setLink(limiter, { addrGenMode: "none" }),
    addTbf(limiter, bucket),
    setLink(limiter, { up: true }),
  ];
}

function bucketOf({ bytesPerSecond, burstBytes }: Limit, mtu: number): TokenBucket {
  const ofRate = Math.ceil((bytesPerSecond * queueMs) / 1000);
  return { bytesPerSecond, burstBytes, limitBytes: Math.max(ofRate, leastQueueFrames * mtu) };
}
