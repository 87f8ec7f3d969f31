/** TCP from a container to a machine beyond the host, by iperf3. */

import { uplink } from "../../system/host.ts";
import type { Namespace } from "../../system/namespaces.ts";
import { natNetwork } from "../networks.ts";
import type { Side } from "../pair.ts";
import { fewer, interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const seconds = 1;

const row: Row = {
  name: "throughput",
  title: "TCP, container to outside",
  unit: "Gbit/s",
  goal: { kind: "ratio-at-least", value: 1 },
};

export const throughput: Family = { name: "throughput", rows: [row], measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  const containers = new Map<Side, Namespace>();
  for (const side of pair.sides) {
    const container = await side.host.compartment();
    const network = natNetwork(side, false);
    await side.call({ verb: "ADD", network, attachments: [{ id: "sender", netns: container.path }] });
    containers.set(side, container);
    const server = side.host.start(side.host.outside, ["iperf3", "--server", "--forceflush"]);
    await server.line((line) => line.startsWith("Server listening"), "iperf3 server");
  }
  const [ours, reference] = await interleave(pair.sides, fewer(bench.rounds, 2), (side) =>
    send(side, containers.get(side)),
  );
  return [{ row, ours, reference, notes: [`iperf3, one stream of ${seconds} s a round`] }];
}

/** @returns what arrived, in Gbit/s */
async function send(side: Side, container: Namespace | undefined): Promise<number> {
  if (container === undefined) throw new Error("no container");
  const words = ["iperf3", "--client", uplink.outside4, "--time", String(seconds), "--json"];
  const report = JSON.parse(await side.host.exec(container, ...words));
  return report.end.sum_received.bits_per_second / 1e9;
}
