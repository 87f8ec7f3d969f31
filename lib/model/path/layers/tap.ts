/**
 * The tap behind which a guest is. In a compartment it is joined to the link there that leads to the switch, past the
 * compartment's own stack; on the host it is the port.
 */
import { joinedTap, linkName, portTap } from "../../vm-nic.ts";
import { compartmentPlace, kernel, portPlace } from "../find.ts";
import { atEndpoint, type Layer, pass, skip } from "../layer.ts";
import type { StageId } from "../trace.ts";

export const tapOut: Layer = tap("tap.out");
export const tapIn: Layer = tap("tap.in");

function tap(id: Extract<StageId, "tap.out" | "tap.in">): Layer {
  return atEndpoint((walk) => {
    const { endpoint } = walk;
    const [joined, port] = [joinedTap(endpoint), portTap(endpoint)];
    if (port !== undefined) {
      const opening = { id, where: portPlace(endpoint), object: "tap", key: port.name, writer: kernel };
      return pass(walk, opening, "the port itself");
    }
    if (joined === undefined) return skip(walk);
    const ends = [joined.name, linkName(endpoint)];
    const [from = "", to = ""] = id === "tap.out" ? ends : ends.toReversed();
    const where = compartmentPlace(endpoint);
    const opening = { id, where, object: `redirection of ${from}`, key: from, writer: kernel };
    return pass(walk, opening, id === "tap.out" ? `to ${to}` : `to tap ${to}`, "forward");
  });
}
