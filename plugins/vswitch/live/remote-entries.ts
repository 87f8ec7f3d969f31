/** `--diff-kernel`: rows by which other hosts are reached, where the trace has looked at them. */
import { prefixAddress } from "../../../lib/addr/prefix.ts";
import { overlayNetworks, peersOf } from "../../../lib/model/path/remote.ts";
import type { Trace } from "../../../lib/model/path/trace.ts";
import type { Scene } from "../../../lib/model/scene.ts";
import type { Backend } from "../../../lib/seam/backend.ts";
import type { EndpointEntries } from "./kernel-entries.ts";

/** @throws {CniError} 105 */
export function remoteEntries(
  { stages }: Trace,
  scene: Scene,
  backend: Pick<Backend, "comparePeers">,
): readonly EndpointEntries[] {
  const consulted = new Set(
    stages.flatMap(({ writer }) => (writer.kind === "directory" ? [writer.network] : [])),
  );
  return overlayNetworks(scene)
    .filter(({ name }) => consulted.has(name))
    .map((network) => {
      const { name, switch: vswitch } = network;
      const here = scene.endpoints.filter(({ owner }) => owner.network === name);
      const own =
        vswitch.mode === "routed" ? [] : here.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress));
      const differences = backend.comparePeers(vswitch, { peers: peersOf(network), own }) ?? [];
      return {
        endpoint: `what leads to other hosts of ${name}`,
        entries: differences.map((one) => ({
          ...one,
          kind: one.found === "absent" ? ("missing" as const) : ("extra" as const),
        })),
      };
    });
}
