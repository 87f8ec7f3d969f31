import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uplink } from "../system/host.ts";
import { eventually } from "./eventually.ts";
import { type Lab, startLab, whoAnswer, whoWords } from "./lab.ts";
import { leavingNothing } from "./leaving-nothing.ts";
import { type Podman, podmanIn, withContainer } from "./podman.ts";
import { suiteTitle, whyNoRuntime } from "./requirements.ts";
import { webPort } from "./rootfs.ts";
import { runtimeTarget } from "./target.ts";

const target = runtimeTarget();
const reason = whyNoRuntime(target, { programs: ["podman", "conmon"] });
const image = "localhost/vswitch/web:1";
const limitMs = 30_000;

describe.skipIf(reason !== undefined)(suiteTitle("podman", target, reason), () => {
  let lab: Lab;
  let podman: Podman;

  beforeAll(async () => {
    lab = await startLab(target);
    podman = podmanIn(lab.sandbox, target);
    await podman.podman("load", "--input", lab.image(image));
    // A first container makes what the network keeps.
    await podman.run({ name: "first", image, publish: [`8081:${webPort}`] });
    await podman.remove("first");
  }, limitMs);
  afterAll(() => lab?.close(), limitMs);

  /** Runs containers, the first with published ports, and removes them whatever comes of the test. */
  const withContainers = (names: readonly string[], publish: readonly string[], test: () => Promise<void>) =>
    leavingNothing(lab, async () => {
      try {
        for (const name of names) {
          const ports = name === names[0] ? publish : [];
          await podman.run({ name, image, publish: ports, options: ["--hostname", name] });
        }
        await test();
      } finally {
        await podman.remove(...names);
      }
    });

  it(
    "gives a container an address and a default route through the gateway",
    () =>
      withContainers(["a"], [], async () => {
        const address = await podman.address("a");
        expect(await podman.exec("a", "ip", "-4", "-o", "address", "show", "eth0")).toContain(` ${address}/`);
        expect(await podman.exec("a", "ip", "route")).toMatch(/^default via [\d.]+ dev eth0/m);
        expect((await lab.traces()).leases).toHaveLength(2);
      }),
    limitMs,
  );

  it(
    "lets a container reach the gateway and a machine beyond the host",
    () =>
      withContainers(["a"], [], async () => {
        const route = await podman.exec("a", "ip", "route", "show", "default");
        const gateway = /via (\S+)/.exec(route)?.[1] ?? "";
        for (const address of [gateway, uplink.outside4, uplink.outside6]) {
          await podman.exec("a", "ping", "-c", "1", "-W", "2", address);
        }
      }),
    limitMs,
  );

  it(
    "publishes a port to a machine beyond, to the host and to its localhost",
    () =>
      withContainers(["a"], [`8081:${webPort}`], async () => {
        const { host } = lab;
        expect(await lab.who(host.outside, uplink.host4, 8081)).toEqual({
          hostname: "a",
          client: uplink.outside4,
        });
        expect((await lab.who(host.outside, `[${uplink.host6}]`, 8081)).client).toBe(uplink.outside6);
        expect((await lab.who(host.ns, uplink.host4, 8081)).hostname).toBe("a");
        expect((await lab.who(host.ns, "127.0.0.1", 8081)).hostname).toBe("a");
      }),
    limitMs,
  );

  it(
    "joins two containers, which see each other's own address",
    () =>
      withContainers(["a", "b"], [], async () => {
        const [a, b] = [await podman.address("a"), await podman.address("b")];
        const seen = await eventually("an answer of b", () => podman.exec("a", ...whoWords(b)));
        expect(whoAnswer(seen)).toEqual({ hostname: "b", client: a });
      }),
    limitMs,
  );

  it(
    "gives a container the address and the MAC it was started for",
    () =>
      leavingNothing(lab, async () => {
        const [ip, mac] = ["10.77.0.99", "02:00:00:00:00:99"];
        const options = ["--ip", ip, "--mac-address", mac];
        await withContainer(podman, { name: "a", image, options }, async () => {
          expect(await podman.exec("a", "ip", "address", "show", "eth0")).toContain(` ${ip}/`);
          expect(await podman.exec("a", "ip", "link", "show", "eth0")).toContain(mac);
        });
      }),
    limitMs,
  );

  it(
    "attaches a container again at a restart",
    () =>
      withContainers(["a"], [`8081:${webPort}`], async () => {
        await podman.podman("restart", "--time", "0", "a");
        expect((await lab.who(lab.host.outside, uplink.host4, 8081)).hostname).toBe("a");
        expect((await lab.traces()).leases).toHaveLength(2);
      }),
    limitMs,
  );

  it(
    "leaves nothing of a container that ends by itself",
    async () => {
      const before = await lab.traces();
      await podman.run({ name: "a", image, publish: [`8081:${webPort}`], options: ["--rm"] });
      await podman.podman("kill", "a");
      // Nobody waits for this: the container's monitor detaches it.
      await eventually("no trace of the container", async () => {
        expect(await lab.traces()).toEqual(before);
        return true;
      });
    },
    limitMs,
  );
});
