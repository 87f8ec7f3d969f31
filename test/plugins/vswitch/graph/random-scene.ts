/** Random hosts: any number of networks and containers, with names and policies of every length. */
import fc from "fast-check";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import type { Policy } from "../../../../lib/policy/policy.ts";
import { acl, endpoint, network, scene } from "./scenes.ts";

const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,60}$/);
const port = fc.integer({ min: 1, max: 65535 });
const rate = fc.record({ bytesPerSecond: fc.integer({ min: 1, max: 10_000_000_000 }) });

const published = fc.oneof(
  fc.tuple(port, port).map(([host, own]) => `${host}:${own}/tcp`),
  fc.tuple(port, port).map(([host, own]) => `192.0.2.1:${host}:${own}/udp`),
  fc.tuple(port, port).map(([host, own]) => `[2001:db8:1234:5678:9abc:def0:1234:5678]:${host}:${own}/sctp`),
);

const policies = fc
  .record({ acls: fc.nat({ max: 300 }), out: fc.option(rate), into: fc.option(rate), blocks: fc.boolean() })
  .map(({ acls, out, into, blocks }) => {
    const qos: readonly Policy[] =
      out === null && into === null
        ? []
        : [{ kind: "QOS", ...(out === null ? {} : { out }), ...(into === null ? {} : { in: into }) }];
    const rules = Array.from({ length: acls }, (_, i) => acl(i, "Allow", "In"));
    const otherwise = { In: "Block", Out: blocks ? "Block" : "Allow" } as const;
    return { policies: [...rules, ...qos], ...(acls === 0 ? {} : { aclDefault: otherwise }) };
  });

const container = fc.record({
  containerId: fc.oneof(name, fc.stringMatching(/^[0-9a-f]{64}$/)),
  ifname: fc.stringMatching(/^[a-z]{1,11}[0-9]{1,4}$/),
  publish: fc.array(published, { maxLength: 7 }),
  guard: fc.boolean(),
  policies,
});

const oneNetwork = fc.record({
  name,
  isolated: fc.boolean(),
  reachable: fc.boolean(),
  both: fc.boolean(),
  exceptions: fc.nat({ max: 9 }),
  containers: fc.array(container, { maxLength: 30, size: "max" }),
});

export const randomScene: fc.Arbitrary<Scene> = fc
  .record({
    networks: fc.uniqueArray(oneNetwork, { maxLength: 4, selector: (one) => one.name }),
    others: fc.array(fc.stringMatching(/^[a-z]{1,15}$/), { maxLength: 9 }),
  })
  .map(({ networks, others }) => {
    const built = networks.map((one, i) => buildNetwork(one, i));
    const more = others.map((device, i) => ({
      name: `${device.slice(0, 12)}${i}`,
      ...(i % 2 === 0 ? { kind: "bridge" } : {}),
      mtu: 1500,
      up: i % 3 !== 0,
      addresses: [prefix(`10.200.${i}.1/24`)],
    }));
    return scene(
      built.map(({ net }) => net),
      built.flatMap(({ plans }) => plans),
      { interfaces: [...scene([], []).host.interfaces, ...more] },
    );
  });

interface NetworkInput {
  readonly name: string;
  readonly isolated: boolean;
  readonly reachable: boolean;
  readonly both: boolean;
  readonly exceptions: number;
  readonly containers: readonly ContainerInput[];
}
type ContainerInput = typeof container extends fc.Arbitrary<infer T> ? T : never;

function buildNetwork(
  input: NetworkInput,
  i: number,
): { readonly net: SceneNetwork; readonly plans: readonly Plan[] } {
  const long = `2001:db8:${i + 1}:ffff`;
  const net = network(input.name, {
    gateways: [`10.${i + 1}.0.1/16`, ...(input.both ? [`${long}:eeee:dddd:cccc:1/64`] : [])],
    ...(input.isolated ? { isolated: true } : {}),
    ...(input.reachable ? { reachable: true } : {}),
    outboundNat: { exceptions: Array.from({ length: input.exceptions }, (_, n) => prefix(`10.${n}.0.0/16`)) },
  });
  const plans = input.containers.map(({ policies: own, ...one }, n) =>
    endpoint(net, {
      ...one,
      ...own,
      containerId: `${one.containerId}${n}`,
      addresses: [
        `10.${i + 1}.${n >> 8}.${(n & 255) + 2}`,
        ...(input.both ? [`${long}:eeee:dddd:cccc:${(n + 2).toString(16)}`] : []),
      ],
    }),
  );
  return { net, plans };
}
