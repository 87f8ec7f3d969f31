import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uplink } from "../system/host.ts";
import type { PodPort } from "./cri.ts";
import { eventually } from "./eventually.ts";
import { type Lab, startLab, whoAnswer, whoWords } from "./lab.ts";
import { leavingNothing } from "./leaving-nothing.ts";
import { type Pods, startPods } from "./pods.ts";
import { suiteTitle, whyNoRuntime } from "./requirements.ts";
import { webPort } from "./rootfs.ts";
import { runtimeTarget } from "./target.ts";

const target = runtimeTarget();
const programs = ["containerd", "ctr", "containerd-shim-runc-v2", "runc"];
const reason = whyNoRuntime(target, { programs, plugins: ["loopback"] });
const limitMs = 30_000;
const web: PodPort = { containerPort: webPort, hostPort: 8082 };

describe.skipIf(reason !== undefined)(suiteTitle("pods of containerd's CRI", target, reason), () => {
  let lab: Lab;
  let pods: Pods;

  beforeAll(async () => {
    lab = await startLab(target);
    pods = await startPods(lab);
    // A first pod makes what the network keeps.
    await remove(await run("first", [web]));
  }, limitMs);
  afterAll(async () => {
    pods?.[Symbol.dispose]();
    await lab?.close();
  }, limitMs);

  const run = (name: string, ports: readonly PodPort[]) =>
    pods.cri.runPod({
      name,
      ports,
      cgroupParent: lab.sandbox.cgroup,
      annotations: { "example.org/note": "yes" },
    });
  const remove = (id: string) => pods.remove(id);
  const address = async (id: string) => (await pods.cri.podStatus(id)).address;
  const exec = (id: string, ...command: readonly string[]) => pods.exec(id, ...command);

  /** Runs a pod and removes it whatever comes of the test. */
  const withPod = (name: string, ports: readonly PodPort[], test: (id: string) => Promise<void>) =>
    leavingNothing(lab, async () => {
      const id = await run(name, ports);
      try {
        await test(id);
      } finally {
        await remove(id);
      }
    });

  it("find their network ready", async () => {
    expect(await pods.cri.version()).toContain("containerd");
    expect(await pods.cri.networkTrouble()).toBe("");
  });

  it(
    "reach the gateway and a machine beyond the host",
    () =>
      withPod("a", [], async (a) => {
        const route = await exec(a, "ip", "route", "show", "default");
        const gateway = /^default via (\S+) dev eth0/m.exec(route)?.[1] ?? "";
        for (const there of [gateway, uplink.outside4, uplink.outside6])
          await exec(a, "ping", "-c", "1", "-W", "2", there);
        expect((await lab.traces()).leases).toHaveLength(2);
      }),
    limitMs,
  );

  it(
    "see each other's own address",
    () =>
      withPod("a", [], (a) =>
        withPod("b", [], async (b) => {
          await lab.who(lab.host.ns, await address(b));
          const seen = whoAnswer(await exec(a, ...whoWords(await address(b))));
          expect(seen).toEqual({ hostname: "b", client: await address(a) });
        }),
      ),
    limitMs,
  );

  it(
    "answer at their host port from beyond and from the host",
    () =>
      withPod("a", [web], async () => {
        const { host } = lab;
        expect(await lab.who(host.outside, uplink.host4, web.hostPort)).toEqual({
          hostname: "a",
          client: uplink.outside4,
        });
        const seen = await lab.who(host.outside, `[${uplink.host6}]`, web.hostPort);
        expect(seen).toEqual({ hostname: "a", client: uplink.outside6 });
        expect((await lab.who(host.ns, uplink.host4, web.hostPort)).hostname).toBe("a");
      }),
    limitMs,
  );

  it(
    "get addresses of their own when they start at once",
    async () => {
      const before = await lab.traces();
      const started = await Promise.allSettled(["a", "b", "c", "d"].map((name) => run(name, [])));
      const ids = started.flatMap((pod) => (pod.status === "fulfilled" ? [pod.value] : []));
      try {
        const addresses = await Promise.all(ids.map(address));
        expect(started.filter(({ status }) => status === "rejected")).toEqual([]);
        expect(new Set(addresses).size).toBe(4);
      } finally {
        await Promise.all(ids.map(remove));
      }
      expect(await lab.traces()).toEqual(before);
    },
    limitMs,
  );

  it(
    "may be stopped twice, and leave nothing from the first time on",
    async () => {
      const before = await lab.traces();
      await withPod("a", [web], async (id) => {
        await pods.cri.stopPod(id);
        expect(await lab.traces()).toEqual(before);
        await pods.cri.stopPod(id);
        expect((await pods.cri.podStatus(id)).state).toBe("SANDBOX_NOTREADY");
      });
      expect(await pods.cri.listPods()).toEqual([]);
    },
    limitMs,
  );

  const itCleans = target.cleansWithoutNetns ? it : it.fails;
  itCleans(
    "leave nothing when their network namespace was removed by hand before the stop",
    () =>
      withPod("a", [web], async (id) => {
        const { netns } = await pods.cri.podStatus(id);
        await lab.sandbox.exec(["sh", "-c", 'umount "$1" && rm "$1"', "sh", netns]);
      }),
    limitMs,
  );

  it(
    "leave nothing when their process was killed before the stop",
    () =>
      withPod("a", [web], async (id) => {
        await pods.containerd.ctr("--namespace", "k8s.io", "task", "kill", "--signal", "KILL", id);
        await eventually("the pod is seen as not ready", async () =>
          (await pods.cri.podStatus(id)).state === "SANDBOX_NOTREADY" ? true : undefined,
        );
      }),
    limitMs,
  );

  it(
    "stay reachable while containerd is restarted, and leave nothing when stopped afterwards",
    () =>
      withPod("a", [web], async (id) => {
        await pods.containerd.stop();
        try {
          expect((await lab.who(lab.host.outside, uplink.host4, web.hostPort)).hostname).toBe("a");
        } finally {
          await pods.containerd.start();
        }
        expect(await pods.cri.listPods()).toEqual([id]);
      }),
    limitMs,
  );
});
