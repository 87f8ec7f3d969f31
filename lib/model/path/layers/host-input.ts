/** The host takes what is for itself. */
import { hostPlace, kernel } from "../find.ts";
import { formatFlow } from "../format-flow.ts";
import { deliver, ipLayer } from "../layer.ts";

export const hostInput = ipLayer((walk) => {
  const { destination } = walk.packet;
  const opening = {
    id: "host.input",
    where: hostPlace,
    object: "addresses of the host",
    key: formatFlow(walk.packet),
    writer: kernel,
  } as const;
  return deliver(walk, opening, "the host's own; which program listens is up to it", {
    kind: "host",
    address: destination,
  });
});
