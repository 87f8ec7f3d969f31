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
}

export interface OverlayLabOptions {
  /** Default 2. */
  readonly hosts?: number;
  /** Family of the tunnels. Default 4. */
  readonly underlay?: 4 | 6;
  /** Of the underlay; default 1500. */
  readonly mtu?: number;
  /** Laid over the configuration of each host. */
  readonly config?: JsonObject | ((number: number) => JsonObject);
}

const vtepOf = (number: number, family: 4 | 6): string =>
  family === 4 ? `192.0.2.${number}` : `2001:db8::${number}`;

/** Subnets of host N in the mode `routed`. */
export const subnetsOf = (number: number): readonly string[] => [
  `10.40.${number}.0/24`,
  `fd00:40:${number}::/64`,
];

/** The smallest configuration of host `number` of `count`, with the others in the file. */
export function staticConfig(number: number, count: number, family: 4 | 6 = 4): JsonObject {
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

/** The same of the mode `stretched`: host N gives the addresses N0 to N9 of one subnet. */
export function stretchedConfig(number: number, count: number, family: 4 | 6 = 4): JsonObject {
  const others = Array.from({ length: count }, (_, i) => i + 1).filter((other) => other !== number);
  const range = (of: number, subnet: string, first: string) => ({
    subnet,
    rangeStart: `${first}${of}0`,
    rangeEnd: `${first}${of}9`,
  });
  const endpoints = (of: number) => Array.from({ length: 10 }, (_, i) => `10.50.0.${of}${i}`);
  return {
    name: "red",
    vni: 5001,
    mode: "stretched",
    uplink: "eth0",
    ipam: { ranges: [[range(number, "10.50.0.0/24", "10.50.0.")]] },
    directory: {
      type: "static",
      peers: others.map((other) => ({ vtep: vtepOf(other, family), endpoints: endpoints(other) })),
    },
  };
}

export async function createOverlayLab(options: OverlayLabOptions = {}): Promise<OverlayLab> {
  const { hosts: count = 2, underlay = 4, mtu = 1500, config = {} } = options;
  const stack = new AsyncDisposableStack();
  try {
    const lan = stack.use(await createLan(mtu));
    const hosts: OverlayHost[] = [];
    for (let number = 1; number <= count; number++) {
      const own = typeof config === "function" ? config(number) : config;
      const lab = stack.use(
        await createLab({
          type: "overlay",
          lan: { ns: lan.ns, number },
          mtu,
          config: { ...staticConfig(number, count, underlay), ...own },
        }),
      );
      hosts.push({ ...lab, number, vtep: vtepOf(number, underlay) });
    }
    const owned = stack.move();
    return { lan, hosts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
