/** The host's end of a vNIC. Pure. */
import type { EndpointFacts } from "../../../model/facts.ts";
import { type Plan, portMac } from "../../../model/plan.ts";
import { portTap } from "../../../model/vm-nic.ts";
import { setBridgePort } from "../../../netlink/route/bridge-port.ts";
import { type LinkChanges, setLink } from "../../../netlink/route/set-link.ts";
import type { Step } from "../../step.ts";
import { portFlags } from "../port-flags.ts";
import { own, wordsOf } from "./own-step.ts";

export function repairPort(plan: Plan, { port: found, tap }: EndpointFacts): readonly Step[] {
  const { name } = plan.port;
  const isolated = plan.switch.isolated ?? false;
  if (found === undefined) return [];
  const away = found.switch !== plan.switch.name;
  const settings: LinkChanges = {
    ...(found.mtu === plan.switch.mtu ? {} : { mtu: plan.switch.mtu }),
    ...(portTap(plan) === undefined || tap?.mac === portMac(plan.key) ? {} : { mac: portMac(plan.key) }),
    ...(found.up ? {} : { up: true }),
  };
  const flags = away
    ? portFlags(plan)
    : found.isolated === isolated
      ? []
      : [setBridgePort(name, { isolated })];
  const words = [...(away ? [`master ${plan.switch.name}`] : []), ...wordsOf(settings)];
  if (words.length === 0 && flags.length === 0) return [];
  return [
    {
      ...own(
        `link set ${name} ${[...words, ...(found.isolated === isolated ? [] : [`isolated ${isolated}`])].join(" ")}`,
      ),
      action: {
        kind: "host",
        requests: (index) => [
          ...(words.length === 0
            ? []
            : [setLink(name, { ...settings, ...(away ? { master: index("switch") } : {}) })]),
          ...flags,
        ],
      },
    },
  ];
}
