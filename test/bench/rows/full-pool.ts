/** An address from a pool that holds very many leases: host-local reads a file for each, ours looks into an index. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolPath } from "../../system/run-program.ts";
import { chainMs } from "../call.ts";
import { hostLocalDir, ipamNetwork } from "../networks.ts";
import type { Pair } from "../pair.ts";
import { fewer, interleave } from "../rounds.ts";
import type { Bench, Family, Measured, Row } from "../row.ts";

const leases = 60_000;
const subnet = "10.72.0.0/16";
const name = "full";

const rows: readonly [add: Row, del: Row] = [
  {
    name: "ipam-60000",
    title: "ipam ADD, 60 000 leases in a /16",
    unit: "ms",
    goal: { kind: "ratio-at-most", value: 0.05 },
  },
  { name: "ipam-60000-del", title: "ipam DEL, 60 000 leases in a /16", unit: "ms" },
];

export const fullPool: Family = { name: "full-pool", rows, measure };

async function measure(bench: Bench): Promise<readonly Measured[]> {
  await using pair = await bench.createPair();
  fill(pair);
  const { path: netns } = await pair.ours.host.compartment();
  const [ours, reference] = await interleave(pair.sides, fewer(bench.rounds, 2), async (side, round) => {
    const call = { network: ipamNetwork(side, name, subnet), attachments: [{ id: `c${round}`, netns }] };
    const add = chainMs(await side.call({ ...call, verb: "ADD" }));
    const del = chainMs(await side.call({ ...call, verb: "DEL" }));
    return [add, del] as const;
  });
  return rows.map((row, at) => ({
    row,
    ours: ours.map((sample) => sample[at] ?? Number.NaN),
    reference: reference.map((sample) => sample[at] ?? Number.NaN),
  }));
}

/** host-local by its files, as it leaves them; ours by taking these over. */
function fill({ ours, reference }: Pair): void {
  const folder = join(hostLocalDir(reference), name);
  mkdirSync(folder, { recursive: true });
  // .0.0 is the network and .0.1 the gateway.
  const addresses = Array.from({ length: leases }, (_, at) => `10.72.${(at + 2) >> 8}.${(at + 2) & 255}`);
  for (const address of addresses) writeFileSync(join(folder, address), `held-${address}\r\neth0`);
  // Without this it would try every address from the first on, which it does not do in life.
  writeFileSync(join(folder, "last_reserved_ip.0"), addresses.at(-1) ?? "");
  const words = ["import", "host-local", folder, "--network", name, "--data-dir", ours.stateDir, "--json"];
  const done = spawnSync(join(ours.bin, "vswitch"), words, { encoding: "utf8", env: { PATH: toolPath } });
  const imported = done.status === 0 ? (JSON.parse(done.stdout) as { imported: number }).imported : 0;
  if (imported !== leases) {
    throw new Error(`vswitch import took over ${imported} of ${leases} leases: ${done.stdout}${done.stderr}`);
  }
}
