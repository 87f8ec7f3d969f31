/** The host itself: it routes between its interfaces and switches, and others may have put their rules there. */
import type { ForeignChain } from "../../../../lib/model/foreign.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import { type GraphLine, type GraphMark, line, warning } from "../graph.ts";
import type { Kind } from "../kind.ts";

export const hostId = "host";

export const hostKind: Kind = {
  layer: "host",
  dot: "box",
  mermaid: ["[", "]"],
  part: (scene) => ({
    nodes: [
      {
        id: hostId,
        kind: "host",
        name: "Host",
        lines: [forwardingLine(scene), ...(scene.networks.length === 0 ? [line("no networks yet")] : [])],
        marks: [...lackingForwarding(scene), ...foreignMarks(scene.host.foreign)],
        data: { forwarding: scene.host.forwarding },
      },
    ],
    edges: [],
  }),
};

function forwardingLine({ host: { forwarding } }: Scene): GraphLine {
  const on = ([4, 6] as const).filter((family) => forwarding[family]).map((family) => `IPv${family}`);
  return line(
    on.length === 0 ? "forwards nothing" : `routes ${on.join(" and ")}, translates addresses (NAT)`,
  );
}

/** Families that a switch needs forwarded and the host does not. */
function lackingForwarding({ host, networks }: Scene): readonly GraphMark[] {
  const wanted = new Set(networks.flatMap((network) => network.switch.forwarding));
  return [...wanted]
    .filter((family) => !host.forwarding[family])
    .toSorted()
    .map((family) => warning(`IPv${family} forwarding is off`, "packets do not leave their switch"));
}

/** Base chains at the forward hook that drop what they do not name: the most common reason why nothing arrives. */
function foreignMarks(foreign: readonly ForeignChain[]): readonly GraphMark[] {
  return foreign
    .filter(({ base }) => base?.hook === "forward" && base.policy === "drop")
    .map(({ table, chain }) =>
      warning(
        `${table} ${chain} drops by default`,
        "rules of another program; vswitch trace tells what they do to a packet, vswitch doctor how to mend it",
      ),
    );
}
