import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uplink } from "../system/host.ts";
import { type Containerd, startContainerd } from "./containerd.ts";
import { type CtrContainer, runWithCtr } from "./ctr.ts";
import { type Lab, startLab, whoAnswer, whoWords } from "./lab.ts";
import { leavingNothing } from "./leaving-nothing.ts";
import { suiteTitle, whyNoRuntime } from "./requirements.ts";
import { runtimeTarget } from "./target.ts";

const target = runtimeTarget();
const reason = whyNoRuntime(target, { programs: ["containerd", "ctr", "containerd-shim-runc-v2", "runc"] });
const limitMs = 30_000;

describe.skipIf(reason !== undefined)(suiteTitle("ctr run --cni", target, reason), () => {
  let lab: Lab;
  let containerd: Containerd;

  beforeAll(async () => {
    lab = await startLab(target);
    containerd = await startContainerd(lab.sandbox);
    await (await run("first")).end();
  }, limitMs);
  afterAll(() => lab?.close(), limitMs);

  const run = (name: string): Promise<CtrContainer> => runWithCtr(lab, containerd, name);

  const withContainers = async (
    names: readonly string[],
    test: (...all: CtrContainer[]) => Promise<void>,
  ) => {
    const started: CtrContainer[] = [];
    try {
      for (const name of names) started.push(await run(name));
      await test(...started);
    } finally {
      await Promise.all(started.map((container) => container.end()));
    }
  };

  it(
    "gives a container an address and a way to the gateway and a machine beyond the host",
    () =>
      withContainers(["a"], async (a) => {
        const route = await a?.exec("ip", "route", "show", "default");
        const gateway = /^default via (\S+) dev eth0/m.exec(route ?? "")?.[1] ?? "";
        for (const there of [gateway, uplink.outside4, uplink.outside6])
          await a?.exec("ping", "-c", "1", "-W", "2", there);
      }),
    limitMs,
  );

  it(
    "joins two containers, which see each other's own address",
    () =>
      withContainers(["a", "b"], async (a, b) => {
        const seen = await a?.exec(...whoWords(b?.address ?? ""));
        expect(whoAnswer(seen ?? "").client).toBe(a?.address);
        expect((await lab.who(lab.host.ns, b?.address ?? "")).client).not.toBe(a?.address);
      }),
    limitMs,
  );

  const itCleans = target.cleansWithoutNetns ? it : it.fails;
  itCleans(
    "leaves nothing of a container, although its namespace is gone before it is detached",
    () =>
      leavingNothing(lab, () =>
        withContainers(["a"], async () => {
          expect((await lab.traces()).leases).toHaveLength(2);
        }),
      ),
    limitMs,
  );
});
