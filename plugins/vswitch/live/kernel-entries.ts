/** `--diff-kernel`: what the model took from plans, held against the kernel: missing, different, extra. */
import { contains, prefixAddress } from "../../../lib/addr/prefix.ts";
import type { Difference } from "../../../lib/model/compare.ts";
import { diff, formatRoute } from "../../../lib/model/diff.ts";
import type { EndpointFacts } from "../../../lib/model/facts.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import type { Trace } from "../../../lib/model/path/trace.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { Scene, SceneHost } from "../../../lib/model/scene.ts";
import { isVmNic, onStack } from "../../../lib/model/vm-nic.ts";

export interface KernelEntry extends Difference {
  readonly kind: "missing" | "different" | "extra";
}

export interface EndpointEntries {
  /** `network/container/interface`. */
  readonly endpoint: string;
  /** None: all is as the model has it. */
  readonly entries: readonly KernelEntry[];
}

/** Endpoints that the trace has looked at: the sender, the receiver, and who wrote what it found. */
export function consultedPlans(
  trace: Trace,
  { endpoints }: Scene,
  sender: string | undefined,
): readonly Plan[] {
  const { verdict, stages } = trace;
  const end = verdict.kind === "perhaps" ? verdict.otherwise : verdict;
  const names = new Set(stages.flatMap(({ writer }) => (writer.kind === "endpoint" ? [writer.owner] : [])));
  if (end.kind === "delivered" && end.to.kind === "endpoint") names.add(end.to.owner);
  return endpoints.filter(({ key, owner }) => key === sender || names.has(formatOwner(owner)));
}

/** @param extra entries of the data path that are not planned, in words */
export function kernelEntries(
  plan: Plan,
  facts: EndpointFacts,
  extra: readonly string[],
  host: SceneHost,
): readonly KernelEntry[] {
  return [
    ...diff(plan, facts).map(
      (one): KernelEntry => ({ ...one, kind: isMissing(one) ? "missing" : "different" }),
    ),
    ...staleNeighbours(plan, host),
    ...[...extraAddresses(plan, facts), ...extraRoutes(onStack(plan), facts), ...extra].map(
      (what): KernelEntry => ({ kind: "extra", what, expected: "absent", found: "present" }),
    ),
  ];
}

const isMissing = ({ found }: Difference): boolean => found === "absent" || found === "nothing";

/** The host may remember the MAC of who had the address before. */
function staleNeighbours({ vnic, switch: own }: Plan, { neighbours }: SceneHost): readonly KernelEntry[] {
  const addresses = vnic.addresses.map(prefixAddress);
  return neighbours
    .filter((one) => one.interface === own.name && addresses.includes(one.address) && one.mac !== vnic.mac)
    .map((one) => ({
      kind: "different",
      what: `neighbour ${one.address} of the host on ${own.name}`,
      expected: vnic.mac,
      found: one.mac,
    }));
}

const isLinkLocal = (address: string): boolean => /^(fe80:|ff)/i.test(address);

/** Beside a guest's tap any address is too much, and a difference. */
function extraAddresses({ vnic }: Plan, { compartment }: EndpointFacts): readonly string[] {
  if (isVmNic(vnic)) return [];
  const found = compartment?.vnic?.addresses ?? [];
  return found
    .filter((address) => !isLinkLocal(address) && !vnic.addresses.includes(address))
    .map((address) => `address ${address} of ${vnic.name}`);
}

/** linux/rtnetlink.h RT_TABLE_LOCAL: what the kernel keeps for itself. */
const localTable = 255;

/** The kernel makes a route for the subnet of each address. */
function extraRoutes({ vnic }: Plan, { compartment }: EndpointFacts): readonly string[] {
  const found = compartment?.vnic?.routes ?? [];
  const subnets = [...vnic.addresses, ...(compartment?.vnic?.addresses ?? [])];
  const planned = new Set(vnic.routes.map(({ destination, gateway }) => `${destination} ${gateway ?? ""}`));
  return found
    .filter(({ destination, gateway, table }) => {
      if (table === localTable || isLinkLocal(destination)) return false;
      if (planned.has(`${destination} ${gateway ?? ""}`)) return false;
      const ofSubnet = subnets.some((subnet) => contains(subnet, prefixAddress(destination)));
      return gateway !== undefined || !ofSubnet;
    })
    .map((route) => `route ${formatRoute(route)} of ${vnic.name}`);
}
