/** The interface that a name of the model stands for. */
import { portName } from "../../../lib/model/plan.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import { findEndpoint } from "../find-endpoint.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../terminal.ts";

/** @param target an endpoint, a port, a network or its switch. @throws {UsageError} naming the choices */
export function findDevice(target: string, { store, backend }: Host): string {
  const { ports, switches } = backend.observeCounters();
  const named = [...ports, ...switches].find(({ name }) => name === target);
  if (named !== undefined) return named.name;
  const networks = store.networks.list();
  const network = networks.find(({ name }) => name === target);
  if (network !== undefined) return (network.spec as NetworkSpec).switch.name;
  const rows = store.endpoints.list();
  try {
    const { plan, key } = findEndpoint(target, rows);
    return plan?.port.name ?? portName(key);
  } catch (error) {
    if (!(error instanceof UsageError) || networks.length === 0) throw error;
    throw new UsageError(`${error.message}; networks: ${networks.map(({ name }) => name).join(", ")}`);
  }
}
