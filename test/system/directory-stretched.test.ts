/** Hosts that share one subnet, whose directory knows which container is where. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { createDirectoryLab, type DirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { prefix } from "./simulated-host.ts";
import { toolOf } from "./tool.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();

const conf = (endpoints: readonly string[]) => ({
  ...{ name: "blue", vni: 4097, uplink: "eth0", mode: "stretched", subnets: [] },
  ...{ cidrs: ["10.40.0.0/24", "fd00:40::/64"], blockBits: 28 },
  directory: { type: "etcd", endpoints, prefix },
});
describe.skipIf(why)(`hosts of one subnet with a directory${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let third: OverlayHost;
  let agents: Child[];
  let a: Attached;
  let b: Attached;

  const named = (host: OverlayHost) => [
    "unshare",
    "--uts",
    ...["sh", "-c", 'hostname "$0"; exec "$@"', `host${host.number}`],
  ];
  const add = (host: OverlayHost, address?: string) =>
    host.add({
      call: { wrap: named(host) },
      ...(address === undefined ? {} : { runtimeConfig: { ips: [`${address}/24`] } }),
    });
  const rows = async (host: OverlayHost, address: string) =>
    host.host.exec(host.host.ns, "sh", "-c", `ip neigh show dev vsw-blue | grep -w ${address} || true`);
  const reach = async (from: Attached, address: string) => {
    await until(() => first.host.answersPing(from.ns, address), Boolean, `${address} to answer`);
  };
  const together = async (...all: readonly Attached[]) => {
    for (const one of all)
      for (const other of all)
        if (one !== other) for (const address of [other.ip4, other.ip6]) await reach(one, address);
  };

  beforeAll(async () => {
    lab = await createDirectoryLab({ hosts: 3, config: (_, endpoints) => conf(endpoints) });
    [first, second, third] = lab.hosts as [OverlayHost, OverlayHost, OverlayHost];
    a = await add(first);
    agents = await Promise.all(lab.hosts.map((host) => lab.agent(host)));
    b = await add(second);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("have blocks of one subnet with one gateway, and reach each other's containers in both families", async () => {
    expect(a.gateway4).toBe(b.gateway4);
    expect(a.ip4).not.toBe(b.ip4);
    await together(a, b);
    for (const host of lab.hosts) await lab.says(host);
  });

  it("learn of a container within a moment, and forget it when it goes", async () => {
    const c = await add(third);
    await together(a, b, c);
    await third.done("DEL", c);
    for (const host of [first, second])
      await until(
        () => rows(host, c.ip4),
        (text) => text === "",
        "no row of what is gone",
      );
  });

  it("take an address along that moves to another host", async () => {
    const { kvs } = await lab.client.list(`${prefix}/v1/blocks/blue/`);
    const last = [96, 112, 128, 144].find((at) => !kvs.some(({ key }) => key.endsWith(`/10.40.0.${at}-28`)));
    const fixed = `10.40.0.${(last ?? 0) + 4}`;
    await toolOf(first).json("network", "reserve", "blue", `10.40.0.${last}/28`);
    const here = await add(first, fixed);
    await reach(b, fixed);
    await first.done("DEL", here);
    const there = await add(third, fixed);
    expect(there.ip4).toBe(fixed);
    await reach(a, fixed);
    await reach(b, fixed);
    await reach(there, a.ip4);
    await third.done("DEL", there);
  });

  it("talk while the store is away, and learn of what came meanwhile when it is back", async () => {
    await lab.store.kill(0);
    for (const host of lab.hosts) await lab.names(host, "directory-away");
    await together(a, b);
    const c = await add(second);
    await reach(b, c.ip4);
    await lab.store.start(0);
    await together(a, c);
    await second.done("DEL", c);
    for (const host of lab.hosts) await lab.says(host);
  });

  it("know of an agent that comes back what its host has now", async () => {
    process.kill(agents[2]?.pid ?? 0, "SIGKILL");
    await agents[2]?.ended;
    const c = await add(third);
    agents[2] = await lab.agent(third);
    await together(a, c);
    await third.done("DEL", c);
  });
});
