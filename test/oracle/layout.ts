/** Random hosts: networks, containers and their policies, as configurations of the plugins. */
import fc from "fast-check";
import { rangesFrom } from "../system/lan-lab.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface Container {
  readonly network: number;
  readonly config: JsonObject;
  readonly runtimeConfig: JsonObject;
}

export interface Layout {
  /** Of type nat, and behind them transparent ones on the uplink. */
  readonly networks: readonly JsonObject[];
  readonly containers: readonly Container[];
  /** Whether another program's FORWARD policy is DROP. */
  readonly foreignDrop: boolean;
  /** Whether bridged packets pass the host's IP hooks (br_netfilter). */
  readonly bridgeFilter: boolean;
}

export const subnets = {
  4: (network: number) => `10.70.${network}.0/24`,
  6: (network: number) => `fd00:70:${network}::/64`,
} as const;

/** Few ports, so that rules and packets meet. */
export const ports = [53, 80, 81, 443, 8080] as const;
export const hostPorts = [9080, 9081, 9053] as const;

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const remotes = [
  "10.70.0.0/24",
  "10.70.0.2",
  "10.70.0.3",
  "10.70.1.0/25",
  "10.0.0.0/8",
  "192.0.2.2",
  "192.0.2.0/24",
  "192.0.2.1",
  "fd00:70::/32",
  "fd00:70:0::2",
  "2001:db8::2",
  "2001:db8::/32",
] as const;

const acl = (whom: readonly string[]) =>
  fc
    .record({
      Action: fc.constantFrom("Allow", "Block"),
      Direction: fc.constantFrom("In", "Out"),
      Protocols: maybe(fc.constantFrom("6", "17", "1", "58", "6,17", "256", "1,58", "132")),
      RemoteAddresses: maybe(
        fc.subarray([...whom], { minLength: 1, maxLength: 3 }).map((list) => list.join(",")),
      ),
      ports: maybe(
        fc.record({
          side: fc.constantFrom("LocalPorts", "RemotePorts"),
          list: fc.constantFrom("80", "53,80", "80-443", "81-8080", "0-79", "40000-65535", "1024-39999"),
        }),
      ),
      Priority: fc.integer({ min: 0, max: 4 }),
    })
    .map(({ ports: chosen, ...fields }): JsonObject => {
      const ported = fields.Protocols === undefined || /^(6|17|6,17|132)$/.test(fields.Protocols);
      const Settings = {
        ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
        ...(chosen !== undefined && ported ? { [chosen.side]: chosen.list } : {}),
      };
      return { Type: "ACL", Settings };
    });

/** The tail of many lists: what no other rule names is allowed. */
const allow = (Direction: string): JsonObject => ({
  Type: "ACL",
  Settings: { Action: "Allow", Direction, Priority: 9 },
});

/** One that names exceptions alone would be the network's, and the same for all its containers. */
const outboundNat = fc
  .record({
    family: fc.constantFrom<4 | 6>(4, 6),
    except: fc.boolean(),
    only: fc.boolean(),
    virtual: fc.boolean(),
  })
  .map(({ family, except, only, virtual }): JsonObject => {
    const [beyond, machine, other] =
      family === 4
        ? ["192.0.2.0/24", "192.0.2.2", "192.0.2.77"]
        : ["2001:db8::/32", "2001:db8::2", "2001:db8::77"];
    const Settings = {
      ...(except ? { Exceptions: [machine] } : {}),
      Destinations: only ? [beyond] : family === 4 ? ["0.0.0.0/0"] : ["::/0"],
      ...(virtual ? { VirtualIP: other } : {}),
    };
    return { Type: "OutBoundNAT", Settings };
  });

const network = (index: number) =>
  fc
    .record({
      families: fc.constantFrom([4], [4, 6], [4, 6], [6]),
      isolated: fc.boolean(),
      reachable: fc.constantFrom(undefined, true, ["net0"], ["net1", "net2"]),
      ipMasq: fc.constantFrom(true, true, false),
      exceptions: maybe(fc.constant(["192.0.2.2/32"])),
    })
    .map(({ families, isolated, reachable, ipMasq, exceptions }): JsonObject => {
      const ranges = families.map((family) => [{ subnet: subnets[family as 4 | 6](index) }]);
      return {
        name: `net${index}`,
        ipam: { ranges },
        ipMasq,
        ...(isolated ? { DisableInterComputeCommunication: true } : {}),
        ...(reachable === undefined ? {} : { reachable }),
        ...(exceptions === undefined ? {} : { exceptions }),
      };
    });

const port = (family: number, at: number) => ({
  hostPort: hostPorts[at % hostPorts.length],
  containerPort: ports[(at + family) % ports.length],
  protocol: at % 2 === 0 ? "tcp" : "udp",
});

/** @param whom ACLs name. @param natted whether it may have a translation of its own */
export const container = (
  networks: number,
  at: number,
  whom: readonly string[] = remotes,
  natted = true,
): fc.Arbitrary<Container> =>
  fc
    .record({
      network: fc.nat(networks - 1),
      acls: fc.oneof(fc.constant([]), fc.array(acl(whom), { minLength: 1, maxLength: 6 })),
      tail: fc.boolean(),
      nat: natted ? maybe(outboundNat) : fc.constant(undefined),
      defaultAction: fc.constantFrom(
        undefined,
        undefined,
        "Allow",
        "Block",
        { In: "Allow" },
        { Out: "Allow" },
      ),
      guard: fc.constantFrom(undefined, undefined, false, { allow: ["router"] }, { allow: ["dhcp-server"] }),
      published: fc.boolean(),
    })
    .map(({ network: index, acls, tail, nat, defaultAction, guard, published }): Container => {
      const open = acls.length > 0 && tail ? [allow("In"), allow("Out")] : [];
      const policies = [...acls, ...open, ...(nat === undefined ? [] : [nat])];
      const config = {
        policies,
        ...(defaultAction === undefined ? {} : { defaultAction }),
        ...(guard === undefined ? {} : { guard }),
      };
      return { network: index, config, runtimeConfig: published ? { portMappings: [port(4, at)] } : {} };
    });

/** Networks of macvlans; one of them at most has an adapter of the host, so that it gets what is for all only once. */
const lans = fc
  .record({
    count: fc.integer({ min: 0, max: 2 }),
    modes: fc.tuple(
      fc.constantFrom("bridge", "bridge", "private", "vepa"),
      fc.constantFrom("bridge", "private"),
    ),
    hostAccess: fc.constantFrom(undefined, 0, 0, 1),
    families: fc.tuple(fc.constantFrom("both", "both", "4", "6"), fc.constantFrom("both", "4")),
  })
  .map(({ count, modes, hostAccess, families }) =>
    modes.slice(0, count).map((mode, at): JsonObject => {
      const { ranges } = rangesFrom(100 + 50 * at);
      const chosen =
        families[at] === "4" ? ranges.slice(0, 1) : families[at] === "6" ? ranges.slice(1) : ranges;
      return {
        name: `lan${at}`,
        type: "transparent",
        mode,
        ipam: { ranges: chosen },
        ...(hostAccess === at && mode === "bridge" ? { hostAccess: true } : {}),
      };
    }),
  );

/** A network that keeps all policies: the host answers for its containers, or they are on a bridge with the uplink. */
const ported = fc
  .record({
    kind: fc.constantFrom(undefined, "routed", "bridge"),
    families: fc.constantFrom("both", "both", "4", "6"),
  })
  .map(({ kind, families }): JsonObject | undefined => {
    const { ranges } = rangesFrom(200);
    const chosen = families === "4" ? ranges.slice(0, 1) : families === "6" ? ranges.slice(1) : ranges;
    const config = { name: "ported", type: "transparent", dad: false, ipam: { ranges: chosen } };
    return kind && { ...config, switch: kind };
  });

/** Two on the first, one on the second. */
const onLans = (nats: number, count: number): readonly Container[] =>
  [0, 0, 1].filter((at) => at < count).map((at) => ({ network: nats + at, config: {}, runtimeConfig: {} }));

/** What is the host's alone (NAT, published ports) it cannot have. */
const onPorted = ({ config }: Container, network: number): Container => {
  const policies = (config.policies as readonly JsonObject[]).filter(({ Type }) => Type !== "OutBoundNAT");
  return { network, config: { ...config, policies }, runtimeConfig: {} };
};

interface Drawn extends Pick<Layout, "containers" | "foreignDrop" | "bridgeFilter"> {
  readonly nats: readonly JsonObject[];
  readonly lans: readonly JsonObject[];
  readonly ported: JsonObject | undefined;
  readonly behind: readonly Container[];
}

/** A bridge has the uplink for itself: nothing hangs on it beside. */
function together({ nats, lans: hanging, ported: one, behind, containers, ...rest }: Drawn): Layout {
  const onUplink = one?.switch === "bridge" ? [] : hanging;
  const before = [...nats, ...onUplink];
  return {
    ...rest,
    networks: one === undefined ? before : [...before, one],
    containers: [
      ...containers,
      ...onLans(nats.length, onUplink.length),
      ...(one === undefined ? [] : behind.map((each) => onPorted(each, before.length))),
    ],
  };
}

export const layouts: fc.Arbitrary<Layout> = fc.integer({ min: 1, max: 3 }).chain((count) =>
  fc
    .record({
      nats: fc.tuple(...Array.from({ length: count }, (_, index) => network(index))),
      lans,
      ported,
      behind: fc.tuple(container(1, 0), container(1, 1)),
      containers: fc
        .integer({ min: 2, max: 4 })
        .chain((many) => fc.tuple(...Array.from({ length: many }, (_, at) => container(count, at)))),
      foreignDrop: fc.constantFrom(false, false, false, true),
      bridgeFilter: fc.boolean(),
    })
    .map(together),
);
