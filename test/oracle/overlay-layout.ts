/** Two random hosts of one overlay network: what else is on them, and the policies of their containers. */
import fc from "fast-check";
import { type Container, container, subnets } from "./layout.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface OverlayLayout {
  /** Laid over the overlay network's configuration on both hosts. */
  readonly overlay: JsonObject;
  /** A network of type nat, the same on both hosts. */
  readonly nat: JsonObject;
  /** Of the first host and of the second; their network 0 is the overlay, 1 the other. */
  readonly containers: readonly [readonly Container[], readonly Container[]];
  /** Of both hosts' uplinks, once all containers are there: what they send was planned for 1500. */
  readonly uplinkMtu: number;
  /** Whether bridged packets pass the hosts' IP hooks (br_netfilter). */
  readonly bridgeFilter: boolean;
}

export const uplinkMtus = [1400, 1450] as const;

const remotes = [
  "10.40.1.0/24",
  "10.40.2.0/24",
  "10.40.2.2",
  "10.50.0.0/27",
  "10.50.0.32",
  "10.0.0.0/8",
  "192.0.2.254",
  "192.0.2.0/24",
  "fd00:40:1::/64",
  "fd00:40:2::2",
  "fd00:50::20",
  "fd00::/8",
  "2001:db8::/32",
] as const;

/** Two or three, of which the first is on the overlay in any case. */
const onHost = (at: number): fc.Arbitrary<readonly Container[]> =>
  fc
    .tuple(
      container(1, at, remotes),
      container(2, at + 1, remotes),
      fc.option(container(2, at + 2, remotes), { nil: undefined }),
    )
    .map((drawn) => drawn.flatMap((one) => one ?? []));

export const overlayLayouts: fc.Arbitrary<OverlayLayout> = fc.record({
  overlay: fc
    .record({
      isolated: fc.constantFrom(false, false, false, true),
      reachable: fc.constantFrom(undefined, undefined, true, ["net0"]),
      ipMasq: fc.constantFrom(true, true, false),
    })
    .map(({ isolated, reachable, ipMasq }) => ({
      ipMasq,
      ...(isolated ? { DisableInterComputeCommunication: true } : {}),
      ...(reachable === undefined ? {} : { reachable }),
    })),
  nat: fc.constantFrom(undefined, true, ["blue", "red"]).map((reachable) => ({
    type: "nat",
    name: "net0",
    ipam: { ranges: [[{ subnet: subnets[4](0) }], [{ subnet: subnets[6](0) }]] },
    ...(reachable === undefined ? {} : { reachable }),
  })),
  containers: fc.tuple(onHost(0), onHost(3)),
  uplinkMtu: fc.constantFrom(...uplinkMtus),
  bridgeFilter: fc.boolean(),
});
