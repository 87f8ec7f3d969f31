/** Programs of the host that listen on a published port: from outside it is the container that answers. */
import { policiesOf } from "../../../../lib/policy/policy.ts";
import { shortId } from "../../format.ts";
import type { Check } from "../check.ts";
import { note, some } from "../finding.ts";
import type { Patient } from "../patient.ts";

export const listeners: Check = {
  id: "listeners",
  needs: ["state"],
  fine: "no program of the host listens on a published port",
  find(patient) {
    const listening = listeningPorts(patient);
    const shadowed = patient.scene.endpoints.flatMap(({ owner, port }) =>
      policiesOf(port.policies, "PortMapping")
        .filter(({ protocol, hostPort }) => protocol === "tcp" && listening.has(hostPort))
        .map(({ hostPort }) => `tcp ${hostPort}, which leads to ${shortId(owner.containerId)}`),
    );
    if (shadowed.length === 0) return [];
    return [
      note("a program of the host listens on a published port too", {
        seen: some([...new Set(shadowed)]),
        remedy:
          "connections to the host's addresses go to the container, so that program gets none: move one of both (ss -ltnp tells who it is)",
      }),
    ];
  },
};

/** TCP_LISTEN of net/tcp_states.h, as /proc/net/tcp prints it. */
const LISTEN = "0A";

function listeningPorts({ files }: Patient): ReadonlySet<number> {
  const lines = ["tcp", "tcp6"].flatMap((name) => (files.text(`/proc/net/${name}`) ?? "").split("\n"));
  return new Set(
    lines.flatMap((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/);
      return state === LISTEN ? [Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16)] : [];
    }),
  );
}
