/** QOS: a port's rate. A single packet waits at most. */
import { limitsOf } from "../../limits.ts";
import { byEndpoint, portPlace } from "../find.ts";
import { atEndpoint, type Layer, pass, skip } from "../layer.ts";

export const portQosOut: Layer = portQos("out");
export const portQosIn: Layer = portQos("in");

function portQos(direction: "out" | "in"): Layer {
  return atEndpoint((walk) => {
    const { endpoint } = walk;
    const rate = limitsOf(endpoint)[direction];
    if (rate === undefined) return skip(walk);
    const opening = {
      id: `port.qos.${direction}`,
      where: portPlace(endpoint),
      object: "QOS",
      key: direction === "out" ? "from the container" : "to the container",
      writer: byEndpoint(endpoint),
    } as const;
    return pass(walk, opening, `${rate.bytesPerSecond} bytes/s; what is above it waits, or is dropped`);
  });
}
