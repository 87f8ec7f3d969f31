import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoNamespaces } from "../../../system/namespaces.ts";
import { toolPath } from "../../../system/run-program.ts";
import {
  docker,
  dockerAllowed,
  dockerUser,
  firewalld,
  forgetLegacy,
  kubeProxy,
  legacy,
  ufw,
} from "./programs.ts";
import { createRouter, judgePassing, type Passing, type Router } from "./router.ts";

const iptables = Bun.which("iptables-nft", { PATH: toolPath }) !== null;
const reason = whyNoNamespaces() ?? (iptables ? undefined : "the program iptables is not installed");

/** Newer kernels leave it out. */
const noLegacy =
  spawnSync("unshare", ["--net", "iptables-legacy", "-nL"], { env: { PATH: toolPath } }).status === 0
    ? undefined
    : "the kernel has no legacy iptables, or its program is not installed";

const ends = [
  ["10.1.0.2", "198.51.100.7"],
  ["10.1.9.9", "198.51.100.12"],
  ["10.1.0.2", "203.0.113.5"],
  ["fd00:1::2", "2001:db8:2::7"],
] as const;

/** Both directions, both families, all protocols and states, some ports. */
const packets: readonly Passing[] = ends.flatMap(([left, right], i) =>
  (["tcp", "udp", "icmp"] as const).flatMap((protocol, j) =>
    (["new", "established"] as const).flatMap((state, k) =>
      [80, 443, 8022].flatMap((port, l): readonly Passing[] => {
        const number = 40_000 + (((i * 3 + j) * 2 + k) * 3 + l) * 2;
        return [
          {
            from: "left",
            source: left,
            destination: right,
            protocol,
            sourcePort: number,
            destinationPort: port,
            state,
          },
          {
            from: "right",
            source: right,
            destination: left,
            protocol,
            sourcePort: number + 1,
            destinationPort: port,
            state,
          },
        ];
      }),
    ),
  ),
);

describe.skipIf(reason !== undefined)(`rules of other programs${reason ? ` (${reason})` : ""}`, () => {
  let router: Router;
  beforeAll(async () => {
    router = await createRouter();
  }, 60_000);
  afterAll(() => router?.[Symbol.asyncDispose]());

  /** What the kernel did and what we say of each packet, where they differ; and how many were dropped. */
  async function compare(script: string) {
    await router.prepare(packets);
    await router.host.exec(router.host.ns, "sh", "-ec", script);
    const chains = router.chains();
    const passed = await router.passes(packets);
    const judged = packets.map((packet) => judgePassing(chains, packet));
    const wrong = packets.flatMap((packet, i) => {
      const verdict = judged[i]?.verdict;
      return verdict === "perhaps" || (verdict === "accept") === passed[i]
        ? []
        : [{ packet, said: judged[i] }];
    });
    const perhaps = judged.filter(({ verdict }) => verdict === "perhaps");
    return { wrong, perhaps, dropped: passed.filter((one) => !one).length, judged };
  }

  it("let everything pass where there are none", async () => {
    expect(await compare("true")).toMatchObject({ wrong: [], perhaps: [], dropped: 0 });
    expect(router.chains()).toEqual([]);
  });

  it("as Docker writes them drop what is not its own, and are named", async () => {
    const { wrong, perhaps, dropped, judged } = await compare(docker);
    expect({ wrong, perhaps }).toEqual({ wrong: [], perhaps: [] });
    expect(dropped).toBe(packets.length * 0.75);
    expect(judged[0]).toEqual({
      verdict: "drop",
      by: { table: "ip filter", chain: "FORWARD" },
      policy: true,
    });
  });

  it("of Docker with our switch allowed let it pass", async () => {
    expect(await compare(dockerAllowed)).toMatchObject({ wrong: [], perhaps: [], dropped: 0 });
  });

  it("in Docker's chain for the operator's own: ports, states, ranges of addresses", async () => {
    const { wrong, perhaps, judged } = await compare(dockerUser);
    expect({ wrong, perhaps }).toEqual({ wrong: [], perhaps: [] });
    const verdicts = new Set(judged.map(({ verdict, by }) => `${verdict} ${by?.chain ?? ""}`.trim()));
    expect(verdicts).toEqual(new Set(["accept", "drop FORWARD", "drop DOCKER-USER"]));
  });

  it("as ufw writes them let answers, echoes and allowed routes pass", async () => {
    const { wrong, perhaps, dropped } = await compare(ufw);
    expect({ wrong, perhaps }).toEqual({ wrong: [], perhaps: [] });
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(packets.length / 2);
  });

  it("as firewalld writes them let answers and allowed services pass", async () => {
    const { wrong, perhaps, judged } = await compare(firewalld);
    expect({ wrong, perhaps }).toEqual({ wrong: [], perhaps: [] });
    const by = judged.filter(({ verdict }) => verdict === "drop").map(({ by }) => by);
    expect(new Set(by.map((who) => who?.chain))).toEqual(new Set(["filter_FWD_public"]));
    expect(by[0]?.rule).toBe("reject");
  });

  it.skipIf(noLegacy !== undefined).each([
    ["Docker", docker],
    ["Docker with our switch allowed", dockerAllowed],
    ["Docker with an operator's rules", dockerUser],
    ["ufw", ufw],
  ])(`of %s are the same by legacy iptables${noLegacy ? ` (${noLegacy})` : ""}`, async (_, script) => {
    const byNft = await compare(script);
    const byLegacy = await compare(legacy(script));
    const chains = router.chains();
    await router.host.exec(router.host.ns, "sh", "-ec", forgetLegacy);
    expect({ ...byLegacy, judged: [] }).toEqual({
      wrong: [],
      perhaps: [],
      dropped: byNft.dropped,
      judged: [],
    });
    expect(byLegacy.judged.map(({ verdict, policy }) => [verdict, policy])).toEqual(
      byNft.judged.map(({ verdict, policy }) => [verdict, policy]),
    );
    expect(chains.some(({ table }) => table === "ip filter (legacy)")).toBe(true);
    expect(router.chains().filter(({ table }) => table.endsWith("(legacy)"))).toEqual([]);
  });

  it("as kube-proxy writes them may let marked packets pass: perhaps", async () => {
    const { wrong, perhaps, judged } = await compare(kubeProxy);
    expect(wrong).toEqual([]);
    // Marks are not followed: what nobody else accepts may be accepted for its mark.
    expect(perhaps.length).toBeGreaterThan(0);
    expect(judged.filter(({ verdict }) => verdict === "accept").length).toBe(packets.length * 0.625);
  });
});
