/** Subnets of networks that somebody else on the host has too: one of both is not reached. */
import { networkOf, overlaps, type Prefix, prefixFamily, prefixLength } from "../../../../lib/addr/prefix.ts";
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import { isStacked } from "../../../../lib/model/switch.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, warning } from "../finding.ts";
import { mainTable } from "../uplinks.ts";

export const subnets: Check = {
  id: "subnets",
  needs: ["state", "network"],
  fine: "no subnet of a network is somewhere else too",
  find: ({ scene }) => [...withTheHost(scene), ...withEachOther(scene.networks)],
};

/** Shortest prefix of a route that is taken for a network: 0.0.0.0/1 is a VPN's way to say "default". */
const widest = { 4: 8, 6: 16 } as const;

interface Place {
  readonly prefix: Prefix;
  readonly what: string;
}

function withTheHost(scene: Scene): readonly Complaint[] {
  const places = placesOf(scene);
  return scene.networks.flatMap((network) =>
    subnetsOf(network).flatMap((subnet) => {
      const found = places.filter(({ prefix }) => overlaps(prefix, subnet));
      if (found.length === 0) return [];
      return [
        error(`subnet ${subnet} of network ${network.name} overlaps another one of this host`, {
          seen: found.map(({ what }) => what),
          remedy: `containers cannot reach the one that is further, nor it them: give ${network.name} another subnet (or none: it takes a free one), and start its containers anew`,
        }),
      ];
    }),
  );
}

/** Addresses and routes that are not of our switches. */
function placesOf({ host, networks, endpoints }: Scene): readonly Place[] {
  const switches = [...networks, ...endpoints].map((one) => one.switch);
  // What vNICs hang on is the host's own.
  const ours = new Set(switches.filter((one) => !isStacked(one)).map(({ name }) => name));
  const interfaces = host.interfaces.filter(({ name }) => !ours.has(name));
  const addresses = interfaces.flatMap(({ name, addresses: own }) =>
    own.map((address) => ({ prefix: networkOf(address), what: `${address} is an address of ${name}` })),
  );
  const routes = host.routes
    .filter(({ destination, type, table, interface: name = "" }) => {
      const near = addresses.some(({ prefix }) => prefix === destination);
      const wide = prefixLength(destination) < widest[prefixFamily(destination)];
      return type === "unicast" && table === mainTable && !ours.has(name) && !near && !wide;
    })
    .map(({ destination, gateway, interface: name = "?" }) => {
      const via = gateway === undefined ? "" : ` via ${gateway}`;
      return { prefix: destination, what: `a route leads to ${destination}${via} by ${name}` };
    });
  return [...addresses, ...routes].filter(({ prefix }) => !prefix.startsWith("fe80:"));
}

const subnetsOf = ({ switch: { gateways } }: SceneNetwork): readonly Prefix[] => [
  ...new Set(gateways.map(networkOf)),
];

function withEachOther(networks: readonly SceneNetwork[]): readonly Complaint[] {
  return networks.flatMap((a, i) =>
    networks.slice(i + 1).flatMap((b) =>
      subnetsOf(a)
        .filter((subnet) => subnetsOf(b).some((other) => overlaps(subnet, other)))
        .map((subnet) =>
          warning(`networks ${a.name} and ${b.name} have the subnet ${subnet} both`, {
            seen: [
              ...subnetsOf(a).map((one) => `${a.name}: ${one}`),
              ...subnetsOf(b).map((one) => `${b.name}: ${one}`),
            ],
            remedy: "the host reaches the containers of one of them only: give one another subnet",
          }),
        ),
    ),
  );
}
