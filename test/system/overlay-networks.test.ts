import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attached, other as nat, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayLab, staticConfig, stretchedConfig } from "./overlay-lab.ts";

const why = whyNoNat();

/** Another network of the mode `routed`, on the same hosts. */
const green = (number: number) => ({
  ...staticConfig(number, 2),
  name: "green",
  vni: 4098,
  subnets: [`10.42.${number}.0/24`, `fd00:42:${number}::/64`],
  directory: {
    type: "static",
    peers: [
      { vtep: `192.0.2.${3 - number}`, subnets: [`10.42.${3 - number}.0/24`, `fd00:42:${3 - number}::/64`] },
    ],
  },
});
const networks = {
  blue: (number: number) => staticConfig(number, 2),
  green,
  red: (number: number) => stretchedConfig(number, 2),
  other: () => ({ ...nat, type: "nat" }),
} as const;
type Network = keyof typeof networks;
const names = Object.keys(networks) as readonly Network[];

interface Member extends Attached {
  readonly network: Network;
  /** Of its host. */
  readonly number: number;
}

describe.skipIf(why)(`networks of overlay and nat on the same hosts${why ? ` (${why})` : ""}`, () => {
  let lab: OverlayLab;
  let all: readonly Member[];

  beforeAll(async () => {
    lab = await createOverlayLab();
    const members: Member[] = [];
    // Of nat each host has one of its own, with the same addresses.
    for (const network of names)
      for (const { number, add } of network === "other" ? lab.hosts.slice(0, 1) : lab.hosts)
        members.push({ ...(await add({ id: network, config: networks[network](number) })), network, number });
    all = members;
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("reach their own containers on all hosts, and nothing else of any", async () => {
    const pairs = all.flatMap((from) => all.filter((to) => to !== from).map((to) => ({ from, to })));
    const label = ({ network, number }: Member) => `${network}${number}`;
    const { host } = lab.hosts[0] as OverlayLab["hosts"][0];
    const belong = ({ from, to }: (typeof pairs)[number]) => from.network === to.network;
    const seen = await Promise.all(
      pairs.flatMap((pair) =>
        (["ip4", "ip6"] as const).map(async (of) => {
          const answers = await host.answersPing(pair.from.ns, pair.to[of]);
          return { way: `${label(pair.from)} ${label(pair.to)} ${of}`, answers };
        }),
      ),
    );
    const wanted = pairs
      .filter(belong)
      .flatMap(({ from, to }) => ["ip4", "ip6"].map((of) => `${label(from)} ${label(to)} ${of}`));
    expect(seen.filter(({ answers }) => answers).map(({ way }) => way)).toEqual(wanted);
  });

  it("have the world and their gateways", async () => {
    const { host } = lab.hosts[0] as OverlayLab["hosts"][0];
    const ways = all.flatMap(({ ns, gateway4, gateway6 }) =>
      [gateway4, gateway6, "192.0.2.254", "2001:db8::254"].map((address) => ({ ns, address })),
    );
    const seen = await Promise.all(ways.map(({ ns, address }) => host.answersPing(ns, address)));
    expect(seen.filter(Boolean)).toHaveLength(ways.length);
  });
});

describe.skipIf(why).each([{ mode: "routed" }, { mode: "stretched" }] as const)(
  "containers of an isolated overlay network, $mode",
  { concurrent: true },
  ({ mode }) => {
    it("do not reach each other, here or on other hosts; the world they do", async () => {
      await using lab = await createOverlayLab({ mode, config: { DisableInterComputeCommunication: true } });
      const [first, second] = lab.hosts as readonly [OverlayLab["hosts"][0], OverlayLab["hosts"][0]];
      const [a, b, c] = [await first.add(), await second.add(), await first.add()];
      const { host } = first;
      const refused = [a, c].flatMap((from) =>
        [a, b, c]
          .filter((to) => to !== from)
          .flatMap((to) => [to.ip4, to.ip6].map((address) => ({ from, address }))),
      );
      const answers = await Promise.all(
        refused.map(({ from, address }) => host.answersPing(from.ns, address)),
      );
      expect(answers).not.toContain(true);
      for (const address of [a.gateway4, a.gateway6, "192.0.2.254", "2001:db8::254"])
        expect(await host.answersPing(a.ns, address)).toBe(true);
      for (const address of [a.ip4, a.ip6]) expect(await host.answersPing(host.ns, address)).toBe(true);
    });

    it("are not reached from a host that takes the network for open, though all networks reach them", async () => {
      const isolated = { DisableInterComputeCommunication: true, reachable: true };
      await using lab = await createOverlayLab({ mode, config: (number) => (number === 2 ? isolated : {}) });
      const [first, second] = lab.hosts as readonly [OverlayLab["hosts"][0], OverlayLab["hosts"][0]];
      const [a, b] = [await first.add(), await second.add()];
      for (const address of [b.ip4, b.ip6]) expect(await first.host.answersPing(a.ns, address)).toBe(false);
      for (const address of [b.ip4, b.ip6])
        expect(await second.host.answersPing(second.host.ns, address)).toBe(true);
    });
  },
);
