/** The ports of the switches, with their policies as small marks. */
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Port } from "../../../../lib/model/port.ts";
import type { SceneHost } from "../../../../lib/model/scene.ts";
import { isStacked } from "../../../../lib/model/switch.ts";
import { portTap } from "../../../../lib/model/vm-nic.ts";
import type { AclDefault } from "../../../../lib/policy/acl.ts";
import { formatPolicy } from "../../../../lib/policy/format-policy.ts";
import type { OutBoundNat } from "../../../../lib/policy/outbound-nat.ts";
import { policiesOf } from "../../../../lib/policy/policy.ts";
import type { Qos } from "../../../../lib/policy/qos.ts";
import { formatRate } from "../format-rate.ts";
import { detail, type GraphEdge, type GraphMark, warning } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { switchId } from "./switch.ts";
import { entryId } from "./tap.ts";

export const portKind: Kind = {
  layer: "port",
  dot: "box",
  mermaid: ["[", "]"],
  part: ({ endpoints, host }) => ({
    nodes: endpoints.filter(hasPort).map((plan) => ({
      id: portId(plan),
      kind: "port",
      parent: switchId(plan.switch),
      name: plan.port.name,
      lines: [detail(`port of ${plan.switch.name}`)],
      marks: [...marksOf(plan.port), ...absentGuest(plan, host)],
      data: plan.port,
    })),
    edges: endpoints.filter(hasPort).flatMap((plan): GraphEdge[] => [
      { kind: "plugged", from: switchId(plan.switch), to: portId(plan) },
      { kind: "cable", from: portId(plan), to: entryId(plan) },
    ]),
  }),
};

/** Without a carrier: no monitor has the tap open. */
function absentGuest(plan: Plan, { interfaces }: SceneHost): readonly GraphMark[] {
  const { name } = plan.port;
  const isIdle = interfaces.some((one) => one.name === name && one.carrier === false);
  if (portTap(plan) === undefined || !isIdle) return [];
  return [warning("no guest", `nobody has tap ${name} open: no virtual machine runs behind it`)];
}

const hasPort = (plan: Plan): boolean => !isStacked(plan.switch);

const portId = ({ port }: Plan): string => `port ${port.name}`;

function marksOf({ policies, aclDefault }: Port): readonly GraphMark[] {
  const [guard] = policiesOf(policies, "Guard");
  const acls = policiesOf(policies, "ACL");
  return [
    guard === undefined ? unguarded : mark("guard", ["guard", ...guard.allow].join(" +"), [guard]),
    ...(aclDefault === undefined
      ? []
      : [mark("acl", `${acls.length} ACL, ${formatDefault(aclDefault)}`, acls)]),
    ...policiesOf(policies, "QOS").flatMap((qos) => qosMark(qos)),
    ...policiesOf(policies, "OutBoundNAT").map((nat) => mark("nat", formatNat(nat), [nat])),
  ];
}

const unguarded: GraphMark = {
  kind: "unguarded",
  text: "no guard",
  explanation: "the container may send from any address, and answer for any",
};

function mark(
  kind: GraphMark["kind"],
  text: string,
  policies: readonly Parameters<typeof formatPolicy>[0][],
): GraphMark {
  return { kind, text, explanation: policies.map(formatPolicy).join("\n") };
}

/** What becomes of packets that no ACL names. */
function formatDefault({ In, Out }: AclDefault): string {
  const word = { Allow: "allow", Block: "block" } as const;
  return In === Out ? `else ${word[In]}` : `else ${word[In]} in, ${word[Out]} out`;
}

function qosMark(qos: Qos): readonly GraphMark[] {
  const up = qos.out === undefined ? [] : [`↑ ${formatRate(qos.out.bytesPerSecond)}`];
  const down = qos.in === undefined ? [] : [`↓ ${formatRate(qos.in.bytesPerSecond)}`];
  const text = [...up, ...down].join(" ");
  return text === "" ? [] : [mark("qos", text, [qos])];
}

function formatNat({ virtualIp, exceptions, destinations }: OutBoundNat): string {
  if (virtualIp !== undefined) return `NAT as ${virtualIp}`;
  if (destinations.length > 0) return `NAT to ${destinations.length} only`;
  return exceptions.length === 0 ? "NAT" : `NAT, ${exceptions.length} excepted`;
}
