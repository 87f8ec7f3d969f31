/** Hosts on one underlay, for networks of type overlay: number N is 192.0.2.N there, and 2001:db8::N. */
import { createLan, type Host } from "./host.ts";
import { createLab, type NatLab } from "./nat-lab.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface OverlayLab extends AsyncDisposable {
  /** The switch between the hosts, with a port `hostN` for each, and the machine beyond them: 192.0.2.254. */
  readonly lan: Host;
  readonly hosts: readonly OverlayHost[];
}

export interface OverlayHost extends NatLab {
  readonly number: number;
  /** On the underlay, in the family of the lab's tunnels. */
  readonly vtep: string;
  /** What a call has that names no other: the file that an operator would edit. */
  readonly config: OverlayConfig;
}

export interface OverlayLabOptions {
  /** Default 2. */
  readonly hosts?: number;
  /** Default "routed". */
  readonly mode?: "routed" | "stretched";
  /** Family of the tunnels. Default 4. */
  readonly underlay?: 4 | 6;
  /** Of each host's uplink; default 1500. */
  readonly mtu?: (number: number) => number;
  /** Laid over the configuration of each host. */
  readonly config?: JsonObject | ((number: number) => JsonObject);
}

export interface StaticPeer {
  readonly vtep: string;
  readonly subnets?: readonly string[];
  readonly endpoints?: readonly (string | readonly string[])[];
  readonly mtu?: number;
}

export interface OverlayConfig extends JsonObject {
  readonly name: string;
  readonly vni: number;
  readonly directory: { readonly type: "static"; readonly peers: readonly StaticPeer[] };
}

/** The configuration with other peers: what somebody has edited. */
export const withPeers = (
  config: OverlayConfig,
  edit: (peers: readonly StaticPeer[]) => readonly StaticPeer[],
): OverlayConfig => ({
  ...config,
  directory: { type: "static", peers: edit(config.directory.peers) },
});

const vtepOf = (number: number, family: 4 | 6): string =>
  family === 4 ? `192.0.2.${number}` : `2001:db8::${number}`;

/** Subnets of host N in the mode `routed`. */
export const subnetsOf = (number: number): readonly string[] => [
  `10.40.${number}.0/24`,
  `fd00:40:${number}::/64`,
];

/** The smallest configuration of host `number` of `count`, with the others in the file. */
export function staticConfig(number: number, count: number, family: 4 | 6 = 4): OverlayConfig {
  const others = Array.from({ length: count }, (_, i) => i + 1).filter((other) => other !== number);
  return {
    name: "blue",
    vni: 4097,
    subnets: subnetsOf(number),
    uplink: "eth0",
    directory: {
      type: "static",
      peers: others.map((other) => ({ vtep: vtepOf(other, family), subnets: subnetsOf(other) })),
    },
  };
}

/** Addresses that host N gives in the mode `stretched`: 16 of each family, N0 in hexadecimal and those behind it. */
export const endpointsOf = (number: number): readonly [string, string] => [
  `10.50.0.${number * 16}/28`,
  `fd00:50::${number}0/124`,
];

/** The same of the mode `stretched`, where all hosts have one subnet. */
export function stretchedConfig(number: number, count: number, family: 4 | 6 = 4): OverlayConfig {
  const others = Array.from({ length: count }, (_, i) => i + 1).filter((other) => other !== number);
  return {
    name: "red",
    vni: 5001,
    mode: "stretched",
    uplink: "eth0",
    ipam: {
      ranges: [
        [
          {
            subnet: "10.50.0.0/24",
            rangeStart: `10.50.0.${number * 16}`,
            rangeEnd: `10.50.0.${number * 16 + 15}`,
          },
        ],
        [{ subnet: "fd00:50::/64", rangeStart: `fd00:50::${number}0`, rangeEnd: `fd00:50::${number}f` }],
      ],
    },
    directory: {
      type: "static",
      peers: others.map((other) => ({ vtep: vtepOf(other, family), endpoints: [endpointsOf(other)] })),
    },
  };
}

export async function createOverlayLab(options: OverlayLabOptions = {}): Promise<OverlayLab> {
  const { hosts: count = 2, mode = "routed", underlay = 4, mtu = () => 1500, config: over = {} } = options;
  const base = mode === "routed" ? staticConfig : stretchedConfig;
  const stack = new AsyncDisposableStack();
  try {
    const lan = stack.use(await createLan());
    const hosts: OverlayHost[] = [];
    for (let number = 1; number <= count; number++) {
      const own = typeof over === "function" ? over(number) : over;
      const config = { ...base(number, count, underlay), ...own };
      const lab = stack.use(
        await createLab({ type: "overlay", lan: { ns: lan.ns, number }, mtu: mtu(number), config }),
      );
      hosts.push({ ...lab, number, vtep: vtepOf(number, underlay), config });
    }
    const owned = stack.move();
    return { lan, hosts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
