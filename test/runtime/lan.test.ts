import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uplink } from "../system/host.ts";
import { runWithCtr } from "./ctr.ts";
import { type Lab, startLab } from "./lab.ts";
import { leavingNothing } from "./leaving-nothing.ts";
import { type Podman, podmanIn, withContainer } from "./podman.ts";
import { type Pods, startPods } from "./pods.ts";
import { suiteTitle, whyNoRuntime } from "./requirements.ts";
import { lanTarget as target } from "./target.ts";

const containerdPrograms = ["containerd", "ctr", "containerd-shim-runc-v2", "runc"];
const whyNoPodman = whyNoRuntime(target, { programs: ["podman", "conmon"] });
const whyNoContainerd = whyNoRuntime(target, { programs: containerdPrograms, plugins: ["loopback"] });
const image = "localhost/vswitch/web:1";
const limitMs = 30_000;

/** What `ip -o address` and `ip link` of a container tell. */
interface Own {
  readonly ip4: string;
  readonly ip6: string;
  readonly mac: string;
}

async function ownOf(exec: (...command: readonly string[]) => Promise<string>): Promise<Own> {
  const addresses = await exec("ip", "-o", "address", "show", "eth0");
  const link = await exec("ip", "link", "show", "eth0");
  return {
    ip4: /inet ([\d.]+)\//.exec(addresses)?.[1] ?? "",
    ip6: /inet6 (2001:[\da-f:]+)\//.exec(addresses)?.[1] ?? "",
    mac: /ether ([\da-f:]+)/.exec(link)?.[1] ?? "",
  };
}

/** The machine of the LAN asks the container's web server over both families, and knows it by its own MAC. */
async function expectOnLan({ host, who }: Lab, { ip4, ip6, mac }: Own, hostname: string): Promise<void> {
  expect(await who(host.outside, ip4)).toEqual({ hostname, client: uplink.outside4 });
  expect((await who(host.outside, `[${ip6}]`)).client).toBe(uplink.outside6);
  for (const address of [ip4, ip6]) expect(await host.answersPing(host.outside, address)).toBe(true);
  for (const address of [ip4, ip6])
    expect(await host.exec(host.outside, "ip", "neighbour", "show", address)).toContain(`lladdr ${mac} `);
}

describe.skipIf(whyNoPodman !== undefined)(suiteTitle("podman on a LAN", target, whyNoPodman), () => {
  let lab: Lab;
  let podman: Podman;

  beforeAll(async () => {
    lab = await startLab(target);
    podman = podmanIn(lab.sandbox, target);
    await podman.podman("load", "--input", lab.image(image));
  }, limitMs);
  afterAll(() => lab?.close(), limitMs);

  it(
    "has containers that a machine of the LAN reaches by their own address and MAC, a restart included",
    () =>
      leavingNothing(lab, () =>
        withContainer(podman, { name: "a", image, options: ["--hostname", "a"] }, async () => {
          const exec = (...command: readonly string[]) => podman.exec("a", ...command);
          const own = await ownOf(exec);
          expect(own.ip4).toBe(await podman.address("a"));
          await expectOnLan(lab, own, "a");
          await exec("ping", "-c", "1", "-W", "2", uplink.outside4);
          await podman.podman("restart", "--time", "0", "a");
          const again = await ownOf(exec);
          expect(again.mac).toBe(own.mac);
          await expectOnLan(lab, again, "a");
          expect((await lab.traces()).leases).toHaveLength(2);
        }),
      ),
    limitMs,
  );

  it(
    "gives a container the address and the MAC it was started for",
    () =>
      leavingNothing(lab, async () => {
        const [ip, mac] = ["192.0.2.177", "02:00:00:00:00:99"];
        const options = ["--ip", ip, "--mac-address", mac, "--hostname", "b"];
        await withContainer(podman, { name: "b", image, options }, async () => {
          const own = await ownOf((...command) => podman.exec("b", ...command));
          expect(own).toMatchObject({ ip4: ip, mac });
          await expectOnLan(lab, own, "b");
        });
      }),
    limitMs,
  );
});

describe.skipIf(whyNoContainerd !== undefined)(
  suiteTitle("containerd on a LAN", target, whyNoContainerd),
  () => {
    let lab: Lab;
    let pods: Pods;

    beforeAll(async () => {
      lab = await startLab(target);
      pods = await startPods(lab);
    }, limitMs);
    afterAll(async () => {
      pods?.[Symbol.dispose]();
      await lab?.close();
    }, limitMs);

    it(
      "has containers of `ctr run --cni` that a machine of the LAN reaches by their own address and MAC",
      () =>
        leavingNothing(lab, async () => {
          const { host } = lab;
          const a = await runWithCtr(lab, pods.containerd, "a", host.outside);
          try {
            const own = await ownOf(a.exec);
            const { hostname } = await lab.who(host.outside, own.ip4);
            await expectOnLan(lab, own, hostname);
            await a.exec("ping", "-c", "1", "-W", "2", uplink.outside6);
          } finally {
            await a.end();
          }
        }),
      limitMs,
    );

    it(
      "has pods of its CRI that a machine of the LAN reaches by their own address and MAC",
      () =>
        leavingNothing(lab, async () => {
          const { cgroup: cgroupParent } = lab.sandbox;
          const id = await pods.cri.runPod({ name: "p", ports: [], cgroupParent, annotations: {} });
          try {
            const own = await ownOf((...command) => pods.exec(id, ...command));
            expect((await pods.cri.podStatus(id)).address).toBe(own.ip4);
            await expectOnLan(lab, own, "p");
            await pods.exec(id, "ping", "-c", "1", "-W", "2", uplink.outside4);
          } finally {
            await pods.remove(id);
          }
        }),
      limitMs,
    );
  },
);
