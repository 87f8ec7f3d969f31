/** Published ports in the range from which the host takes ports for its own connections. */
import { policiesOf } from "../../../../lib/policy/policy.ts";
import type { Check } from "../check.ts";
import { note, some } from "../finding.ts";
import { sysctl } from "../patient.ts";

export const ephemeralPorts: Check = {
  id: "ephemeral-ports",
  needs: ["state"],
  fine: "no published port is one that the host gives to its own connections",
  find(patient) {
    const [first = 0, last = 0] = (sysctl(patient, "ipv4/ip_local_port_range") ?? "")
      .split(/\s+/)
      .map(Number);
    const reserved = rangesOf(sysctl(patient, "ipv4/ip_local_reserved_ports") ?? "");
    const published = patient.scene.endpoints.flatMap(({ owner, port }) =>
      policiesOf(port.policies, "PortMapping").map(({ hostPort }) => ({ hostPort, owner })),
    );
    const inside = published.filter(
      ({ hostPort }) =>
        first <= hostPort &&
        hostPort <= last &&
        !reserved.some(([from, to]) => from <= hostPort && hostPort <= to),
    );
    if (inside.length === 0) return [];
    const ports = [...new Set(inside.map(({ hostPort }) => hostPort))].toSorted((a, b) => a - b);
    const all = [
      ...(sysctl(patient, "ipv4/ip_local_reserved_ports") ?? "").split(",").filter(Boolean),
      ...ports,
    ];
    return [
      note("published ports lie in the range that the host takes for its own connections", {
        seen: [
          `ip_local_port_range is ${first} to ${last}`,
          ...some(ports.map((port) => `published: ${port}`)),
        ],
        remedy: "a program of the host may bind one by chance, and is not reached there then: reserve them",
        commands: [`sysctl -w net.ipv4.ip_local_reserved_ports=${all.join(",")}`],
      }),
    ];
  },
};

/** "1,2,10-20". */
function rangesOf(text: string): readonly (readonly [number, number])[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [from = 0, to = from] = part.split("-").map(Number);
      return [from, to];
    });
}
