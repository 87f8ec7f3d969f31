/** The rates a port is held to. */
import { policiesOf } from "../policy/policy.ts";
import { type Limit, limitOf } from "../policy/qos.ts";
import type { Plan } from "./plan.ts";

export interface Limits {
  /** Towards the container. */
  readonly in?: Limit;
  /** From the container. */
  readonly out?: Limit;
}

/** Ethernet header and one VLAN tag. */
const headerBytes = 18;

/** Empty where the port is not limited. */
export function limitsOf({ port, vnic, switch: { mtu } }: Plan): Limits {
  const policies = policiesOf(port.policies, "QOS");
  if (policies.length === 0) return {};
  const frameBytes = Math.max(vnic.mtu, mtu) + headerBytes;
  const [into, out] = (["in", "out"] as const).map((way) => limitOf(policies, way, frameBytes));
  return { ...(into === undefined ? {} : { in: into }), ...(out === undefined ? {} : { out }) };
}
