/** What holds a port to its rates. Pure. */
import { limitDiff } from "../../../model/diff.ts";
import type { EndpointFacts } from "../../../model/facts.ts";
import { limitsOf } from "../../../model/limits.ts";
import type { Plan } from "../../../model/plan.ts";
import type { Request } from "../../../netlink/message.ts";
import { deleteLink } from "../../../netlink/route/link.ts";
import { deleteQdisc } from "../../../netlink/tc/qdisc.ts";
import { limiterName } from "../../limiter.ts";
import type { Step } from "../../step.ts";
import { learnPort } from "../port.ts";
import { limitRates } from "../qos.ts";
import { own } from "./own-step.ts";

/** As a whole: the limits of a port are one thing. */
export function repairLimits(plan: Plan, facts: EndpointFacts): readonly Step[] {
  if (limitDiff(plan, facts).length === 0) return [];
  const { in: into, out } = limitsOf(plan);
  const { name } = plan.port;
  const remove = (title: string, requests: (port: number) => readonly Request[]): Step => ({
    ...own(title),
    action: { kind: "host", requests: (index) => requests(index("port")) },
    accept: ["ENOENT", "EINVAL", "ENODEV"],
  });
  return [
    learnPort(plan),
    ...(into === undefined
      ? []
      : [remove(`qdisc del dev ${name} root`, (port) => [deleteQdisc(port, "root")])]),
    ...(out === undefined
      ? []
      : [
          remove(`qdisc del dev ${name} ingress`, (port) => [deleteQdisc(port, "ingress")]),
          remove(`link del ${limiterName(plan.key)}`, () => [deleteLink(limiterName(plan.key))]),
        ]),
    ...limitRates(plan),
  ];
}
