import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLan, type Host } from "../system/host.ts";
import { runWithCtr } from "./ctr.ts";
import { type Lab, startLab, whoAnswer, whoWords } from "./lab.ts";
import { leavingNothing } from "./leaving-nothing.ts";
import { type Podman, podmanIn, withContainer } from "./podman.ts";
import { type Pods, startPods } from "./pods.ts";
import { suiteTitle, whyNoRuntime } from "./requirements.ts";
import { busybox, webPort } from "./rootfs.ts";
import { overlayTarget } from "./target.ts";

const programs = ["podman", "conmon", "containerd", "ctr", "containerd-shim-runc-v2", "runc"];
const why = whyNoRuntime(overlayTarget(1), { programs, plugins: ["loopback"] });
const image = "localhost/vswitch/web:1";
const limitMs = 30_000;

describe.skipIf(why !== undefined)(
  suiteTitle("podman on one host, containerd on another", overlayTarget(1), why),
  () => {
    let lan: Host;
    let first: Lab;
    let second: Lab;
    let podman: Podman;
    let pods: Pods;

    beforeAll(async () => {
      lan = await createLan();
      first = await startLab(overlayTarget(1), false, { ns: lan.ns, number: 1 });
      second = await startLab(overlayTarget(2), false, { ns: lan.ns, number: 2 });
      podman = podmanIn(first.sandbox, first.target);
      await podman.podman("load", "--input", first.image(image));
      pods = await startPods(second);
      // First containers make what the network keeps.
      await withContainer(podman, { name: "first", image }, async () => {});
      await (await runWithCtr(second, pods.containerd, "first", second.host.ns)).end();
    }, limitMs);
    afterAll(async () => {
      pods?.[Symbol.dispose]();
      for (const one of [first, second, lan]) await one?.close();
    }, limitMs);

    it(
      "have containers that reach each other's web servers by their own addresses, in both families",
      () =>
        leavingNothing(first, () =>
          leavingNothing(second, () =>
            withContainer(podman, { name: "a", image, options: ["--hostname", "a"] }, async () => {
              const b = await runWithCtr(second, pods.containerd, "b", second.host.ns);
              try {
                const [ownA, ownB] = [
                  await addressesOf((...command) => podman.exec("a", ...command)),
                  await addressesOf(b.exec),
                ];
                for (const family of [4, 6] as const) {
                  const asked = await podman.exec("a", busybox, ...whoWords(inUrl(ownB[family]), webPort));
                  expect(whoAnswer(asked).client).toBe(ownA[family]);
                  const back = await b.exec("busybox", ...whoWords(inUrl(ownA[family]), webPort));
                  expect(whoAnswer(back)).toEqual({ hostname: "a", client: ownB[family] });
                }
              } finally {
                await b.end();
              }
            }),
          ),
        ),
      limitMs,
    );
  },
);

const inUrl = (address: string): string => (address.includes(":") ? `[${address}]` : address);

async function addressesOf(exec: (...command: readonly string[]) => Promise<string>) {
  const text = await exec("ip", "-o", "address", "show", "eth0");
  return {
    4: /inet (10\.78\.[\d.]+)\//.exec(text)?.[1] ?? "",
    6: /inet6 (fd00:[\da-f:]+)\//.exec(text)?.[1] ?? "",
  };
}
