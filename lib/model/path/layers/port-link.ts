/** The link of a port: there, up, on its switch, and wide enough. Has nothing to say when all is well. */
import { rangeCell } from "../consulted.ts";
import { findInterface, kernel, portPlace } from "../find.ts";
import { atEndpoint, drop, type Layer, skip } from "../layer.ts";
import { portFault, switchFault } from "../link.ts";
import type { StageId } from "../trace.ts";
import { consult } from "../walk.ts";

export const portOut: Layer = portLink("port.out");
export const portIn: Layer = portLink("port.in");

function portLink(id: Extract<StageId, "port.out" | "port.in">): Layer {
  return atEndpoint((walk) => {
    const { scene, endpoint, network, packet } = walk;
    const opening = {
      id,
      where: portPlace(endpoint),
      object: "link",
      key: endpoint.port.name,
      writer: kernel,
    };
    const fault = switchFault(scene, network) ?? portFault(scene, endpoint, network);
    if (fault !== undefined) return drop(walk, opening, fault.by, fault);
    // What enters was small enough for the compartment's end; a switch drops what is too big for a port without a word.
    const { mtu = 0 } = findInterface(scene, endpoint.port.name) ?? {};
    if (id === "port.out") return skip({ ...walk, entered: endpoint.port.name });
    if (packet.kind !== "ip") return skip(walk);
    const { bytes = 0 } = packet;
    const asked = consult(walk, { bytes: rangeCell(bytes, [{ last: mtu }]) });
    if (bytes <= mtu) return skip(asked);
    return drop(asked, opening, `MTU ${mtu}`, {
      reason: "mtu",
      by: `${endpoint.port.name} takes ${mtu} bytes, the packet has ${bytes}; the switch tells nobody`,
      remedy: "All containers of a network need one MTU: attach this one again, or set its port's MTU.",
    });
  });
}
