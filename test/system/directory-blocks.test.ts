/** Hosts whose blocks of addresses the directory deals out, with an agent on each. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeNode } from "../../lib/cluster/remove-node.ts";
import type { Child } from "./child.ts";
import { createDirectoryLab, type DirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { prefix, puts, simulatedHost } from "./simulated-host.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();

const conf = (endpoints: readonly string[]) => ({
  ...{ name: "blue", vni: 4097, uplink: "eth0", subnets: [], cidrs: ["10.40.0.0/16"], blockBits: 28 },
  directory: { type: "etcd", endpoints, prefix },
});

describe.skipIf(why)(`hosts that get blocks from their directory${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let agents: [Child, Child];
  let a: Attached;
  let b: Attached;

  /** By an executable that calls the machine what its agent does. */
  const add = (host: OverlayHost) =>
    host.add({
      call: { wrap: ["unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', `host${host.number}`] },
    });
  const exec = (host: OverlayHost, script: string) => host.host.exec(host.host.ns, "sh", "-ec", script);
  const blockOf = ({ gateway4 }: Attached) => gateway4.replace(/\d+$/, (last) => `${Number(last) - 1}/28`);

  beforeAll(async () => {
    lab = await createDirectoryLab({ config: (_, endpoints) => conf(endpoints) });
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    a = await add(first);
    agents = await Promise.all([lab.agent(first), lab.agent(second)]);
    b = await add(second);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("reach each other's containers, and see how full their blocks are", async () => {
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
    const { networks } = await lab.says(first);
    expect(networks[0]?.overlay?.blocks).toContainEqual({ prefix: blockOf(a), used: 1, size: "16" });
    await lab.says(second);
  });

  it("learn of a host by its agent before any container of theirs is on it", async () => {
    await lab.canary(first, second);
  });

  it("do not give out of blocks that were given away while they were off, and name who must be restarted", async () => {
    process.kill(agents[1].pid, "SIGKILL");
    await agents[1].ended;
    const uid = (await lab.client.list(`${prefix}/v1/nodes/`)).kvs
      .find(({ value }) => value.includes("host2"))
      ?.key.split("/")
      .at(-1);
    await removeNode(lab.client, prefix, uid ?? "", { force: true });
    const heir = { ...simulatedHost(90), subnet: blockOf(b) };
    await lab.client.txn([], puts(heir));
    await until(
      () => exec(first, `ip route get ${b.ip4} 2>&1 || true`),
      (text) => text.includes("vsx-blue"),
      "the heir's route",
    );
    agents[1] = await lab.agent(second);
    const { networks } = await lab.names(second, "block-lost");
    expect(networks[0]?.overlay?.blocks.find((block) => block.prefix === blockOf(b))).toMatchObject({
      used: 1,
    });
    expect((await second.check(b)).exitCode).toBe(0);
    const c = await add(second);
    expect(blockOf(c)).not.toBe(blockOf(b));
    await until(() => first.host.answersPing(a.ns, c.ip4), Boolean, "an answer of the new one");
    await second.done("DEL", b);
    await until(
      () => exec(second, "ip -br address show vsw-blue"),
      (text) => !text.includes(b.gateway4),
      "that the gateway of the lost block goes",
      90_000,
    );
    await lab.says(second);
    await until(
      () => exec(second, `ip route get ${b.ip4} 2>&1 || true`),
      (text) => text.includes("vsx-blue"),
      "the way to the heir",
    );
  });
});
