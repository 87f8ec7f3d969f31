/** The interface that a name of the model stands for. */
import { type Mac, macFromBytes } from "../../../lib/addr/mac.ts";
import { portName } from "../../../lib/model/plan.ts";
import { isOverlay, isStacked, type StackedSwitch } from "../../../lib/model/switch.ts";
import { linkName } from "../../../lib/model/vm-nic.ts";
import type { CaptureDevice } from "../../../lib/seam/tool-backend.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import { findEndpoint } from "../find-endpoint.ts";
import { type Host, liveEndpoints } from "../host.ts";
import { UsageError } from "../terminal.ts";

export interface Device extends CaptureDevice {
  /** Where it is, in words. */
  readonly title: string;
  /** Of an uplink that others use too: those whose frames are wanted, and what is for all. */
  readonly macs?: ReadonlySet<Mac>;
}

/** @param target an endpoint, a port, a network, its switch or its tunnel. @throws {UsageError} naming the choices */
export function findDevice(target: string, host: Host): Device {
  const { store, backend } = host;
  const { ports, switches } = backend.observeCounters();
  const named = [...ports, ...switches].find(({ name }) => name === target);
  if (named !== undefined) return onHost(named.name);
  const networks = store.networks.list();
  const network = networks.find(({ name }) => name === target);
  if (network !== undefined) return ofNetwork((network.spec as NetworkSpec).switch, host);
  const tunnels = networks.flatMap(({ spec }) => tunnelOf((spec as NetworkSpec).switch));
  // What goes out there goes to other hosts.
  if (tunnels.includes(target)) return { ...onHost(target), outward: true };
  const rows = store.endpoints.list();
  try {
    const { plan, key } = findEndpoint(target, rows);
    if (plan === null || !isStacked(plan.switch)) return onHost(plan?.port.name ?? portName(key));
    // It has no port: what it sends and gets is seen where it is, and a guest's on the link that its tap is joined to.
    const name = linkName(plan);
    const { path } = plan.compartment;
    return { name, compartment: path, outward: true, title: `${name} in ${path}` };
  } catch (error) {
    if (!(error instanceof UsageError) || networks.length === 0) throw error;
    throw new UsageError(`${error.message}; networks: ${networks.map(({ name }) => name).join(", ")}`);
  }
}

const tunnelOf = (vswitch: NetworkSpec["switch"]): readonly string[] =>
  isOverlay(vswitch) ? [vswitch.tunnel.name] : [];

const onHost = (name: string): Device => ({ name, title: name });

function ofNetwork(vswitch: NetworkSpec["switch"], host: Host): Device {
  if (!isStacked(vswitch)) return onHost(vswitch.name);
  const { lower, network } = vswitch;
  return {
    name: lower,
    outward: true,
    title: `${lower} for network ${network}`,
    macs: macsOf(vswitch, host),
  };
}

function macsOf({ network, host: adapter }: StackedSwitch, host: Host): ReadonlySet<Mac> {
  const own = liveEndpoints(host, network).map(({ plan }) => plan.vnic.mac);
  return new Set([...own, ...(adapter === undefined ? [] : [adapter.mac])]);
}

/** Whether a frame is from one of these, for one of them, or for all. */
export function isOfMacs(macs: ReadonlySet<Mac> | undefined, frame: Uint8Array): boolean {
  if (macs === undefined || frame.length < 12) return true;
  const isGroup = ((frame[0] ?? 0) & 1) === 1;
  return isGroup || [0, 6].some((at) => macs.has(macFromBytes(frame.slice(at, at + 6))));
}
