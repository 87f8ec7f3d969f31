/** Each test leaves all as it found it: two hosts whose containers reach each other, with an agent on both. */
import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { createDirectoryLab, type DirectoryLab, etcdConfig } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { prefix, puts, simulatedHost } from "./simulated-host.ts";
import { startSteady } from "./steady.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();

describe.skipIf(why)(`containers of two hosts${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let a: Attached;
  let b: Attached;
  let agents: [Child, Child];

  beforeAll(async () => {
    lab = await createDirectoryLab();
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    agents = await Promise.all([lab.agent(first), lab.agent(second)]);
    [a, b] = await Promise.all([first.add(), second.add()]);
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
    await Promise.all([lab.says(first), lab.says(second)]);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  /** Their connection goes on meanwhile; then all is well again, and who comes is learnt of. */
  async function unharmed(what: () => Promise<unknown>, silenceMs = 400): Promise<void> {
    const steady = await startSteady(first, a.ns, b.ns, b.ip4);
    await what();
    const { lost, longestMs, answers } = await steady.seen();
    expect({ lost, broken: longestMs > silenceMs, answers: answers > 0 }).toEqual({
      ...{ lost: "", broken: false, answers: true },
    });
    await Promise.all([lab.says(first), lab.says(second)]);
    await lab.canary(first, second);
  }

  const kill = async (child: Child): Promise<void> => {
    process.kill(child.pid, "SIGKILL");
    await child.ended;
  };
  const exec = (host: OverlayHost, script: string) => host.host.exec(host.host.ns, "sh", "-ec", script);
  /** Whichever next hop objects they have: the agent takes numbers that are free. */
  const routes = async (host: OverlayHost) =>
    (await exec(host, "ip route show proto 118")).replace(/nhid \d+/g, "nhid N");

  /** Other hosts, as the state file has them. */
  const writtenDown = (host: OverlayHost): readonly string[] => {
    using state = new Database(`${host.dataDir}/state.db`, { readonly: true });
    const row = state.query<{ peers: string }, []>("SELECT peers FROM directories").get();
    return (JSON.parse(row?.peers ?? "[]") as { node: string }[]).map(({ node }) => node);
  };

  it("do not notice that an agent is killed at any moment, and started again", () =>
    unharmed(async () => {
      const seed = Date.now() % 100_000;
      console.log(`seed of the moments: ${seed}`);
      for (let i = 0; i < 6; i++) {
        const busy = lab.canary(second);
        await Bun.sleep((seed * (i + 1) * 7919) % 250);
        await kill(agents[0]);
        await busy;
        agents[0] = await lab.agent(first);
      }
    }));

  it("are reached by an agent that begins while the store is away, by what was written down", () =>
    unharmed(async () => {
      await until(
        () => writtenDown(first),
        (names) => names.join() === "host2",
        "what is written down",
      );
      const before = await routes(first);
      await lab.store.stop(0);
      await kill(agents[0]);
      await exec(
        first,
        "ip route del 10.40.2.0/24; ip -6 route del fd00:40:2::/64; ip nexthop flush dev vsx-blue; ip -6 neigh flush dev vsx-blue nud permanent; nft flush set inet vswitch vteps4",
      );
      agents[0] = await lab.agent(first);
      await until(
        () => routes(first),
        (text) => text === before,
        "the routes",
      );
      const status = await lab.says(first, "directory-away");
      expect(status.networks[0]?.overlay?.peers).toBe(1);
      await lab.store.start(0);
      // It stands still while its routes are gone.
    }, 5000));

  it("come up without the store and without an agent after the host was off", async () => {
    await lab.store.stop(0);
    await Promise.all(agents.map(kill));
    await exec(
      first,
      "ip link delete vsw-blue; ip link delete vsx-blue; ip route del unreachable 10.40.0.0/16; nft flush ruleset",
    );
    await first.host.remove(a.ns);
    // As if the kernel were another.
    {
      using state = new Database(`${first.dataDir}/state.db`);
      state.run("UPDATE endpoints SET boot_id = 'before'; ");
      state.run("UPDATE leases SET boot_id = 'before'");
    }
    a = await first.add();
    expect(await first.host.answersPing(a.ns, b.ip4)).toBe(true);
    const status = await lab.status(first);
    expect(status).toMatchObject({ degraded: true, agent: { state: "absent", needed: true } });
    agents = await Promise.all([lab.agent(first), lab.agent(second)]);
    await lab.says(first, "directory-away");
    await lab.store.start(0);
    await Promise.all([lab.says(first), lab.says(second)]);
    await lab.canary(first, second);
  });

  it("have one agent at work of two on a host, and the other as soon as that is gone", () =>
    unharmed(async () => {
      const third = await lab.agent(first);
      await lab.canary(first);
      const pidOf = async () => ((await lab.status(first)).agent as { pid?: number }).pid;
      const before = await pidOf();
      await kill(agents[0]);
      agents[0] = third;
      const from = performance.now();
      await until(pidOf, (pid) => pid !== undefined && pid !== before, "the other agent");
      expect(performance.now() - from).toBeLessThan(1500);
    }));

  it("are of an agent that lists all anew, and joins what its runtime has by now, at SIGHUP", () =>
    unharmed(async () => {
      const folder = join(first.host.dir, "net.d");
      mkdirSync(folder);
      await kill(agents[0]);
      agents[0] = await lab.agent(first, { words: ["--cni-conf-dir", folder] });
      await lab.says(first);
      const { type = "overlay", ...green } = {
        ...etcdConfig(1, lab.store.endpoints),
        ...{ name: "green", vni: 4098, subnets: ["10.41.1.0/24"], cidrs: ["10.41.0.0/16"] },
      } as Record<string, unknown>;
      const { name, ...plugin } = green;
      const conflist = { cniVersion: "1.1.0", name, plugins: [{ type, ...plugin }] };
      writeFileSync(join(folder, "10-green.conflist"), JSON.stringify(conflist));
      const before = (await lab.status(first)).directories[0]?.listings ?? 0;
      process.kill(agents[0].pid, "SIGHUP");
      const from = performance.now();
      await until(
        () => lab.status(first),
        ({ directories: [own] }) => (own?.listings ?? 0) > before && own?.networks.includes("green") === true,
        "another listing and the new network",
      );
      expect(performance.now() - from).toBeLessThan(3000);
      await kill(agents[0]);
      agents[0] = await lab.agent(first);
    }));

  it("reach each other though their hosts have one name, which the status tells", () =>
    unharmed(async () => {
      await kill(agents[1]);
      agents[1] = await lab.agent(second, { name: "host1" });
      await Promise.all([lab.says(first, "node-name-taken"), lab.says(second, "node-name-taken")]);
      await kill(agents[1]);
      agents[1] = await lab.agent(second);
    }));

  it("reach each other though a third host says to be the second one", () =>
    unharmed(async () => {
      const thief = simulatedHost(77, { vtep: second.vtep });
      await lab.client.txn([], puts(thief));
      await lab.says(first, "node-vtep-taken");
      await lab.says(second, "node-vtep-ours");
      await lab.client.txn(
        [],
        puts(thief).map(({ key }) => ({ kind: "delete", key })),
      );
    }));

  it("reach each other whatever is written in their places", () =>
    unharmed(async () => {
      const uid = (await lab.status(second)).directories[0]?.node.uid;
      const keys = [
        `${prefix}/v1/nodes/${uid}`,
        `${prefix}/v1/nodes/nobody`,
        `${prefix}/v1/blocks/blue/10.40.2.0-24`,
        `${prefix}/v1/blocks/blue/10.40.2.0-240`,
      ];
      await lab.client.txn(
        [],
        keys.map((key) => ({ kind: "put", key, value: "{" })),
      );
      await lab.says(first, "record-garbage");
      expect(await lab.client.range({ key: keys[0] ?? "" })).toMatchObject({
        kvs: [{ value: /"name":"host2"/ }],
      });
      await lab.client.txn(
        [],
        keys.slice(1).map((key) => ({ kind: "delete", key })),
      );
    }));
});
