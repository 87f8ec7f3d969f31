import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sendFrames } from "./frames.ts";
import { uplink } from "./host.ts";
import { type Flow, frameRate, startIperf, whyNoIperf } from "./iperf.ts";
import { type Attached, binDir, createLab, type NatLab, whyNoNat } from "./nat-lab.ts";
import { ETH, ethernet, textOf } from "./wire.ts";

const reason = whyNoNat() ?? whyNoIperf();
const config = { ipam: { subnet: "10.61.0.0/24" } };
const mbit = 125_000;

/** `runtimeConfig` with one rate for both ways, and the burst that runtimes send when nobody asked for one. */
const limited = (bytesPerSecond: number) => {
  const [rate, burst] = [bytesPerSecond * 8, 2 ** 32 - 1];
  return { bandwidth: { ingressRate: rate, ingressBurst: burst, egressRate: rate, egressBurst: burst } };
};
const qosOf = (bytesPerSecond: number) => ({
  policies: [{ Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: bytesPerSecond } }],
});
const portOf = ({ result }: Attached) => result.interfaces[1]?.name ?? "";
const limiterOf = (attached: Attached) => portOf(attached).replace("vp-", "vq-");
const tc = (lab: NatLab, ...words: readonly string[]) => lab.host.exec(lab.host.ns, "tc", ...words);
const links = (lab: NatLab) => lab.host.exec(lab.host.ns, "ip", "-br", "link");

/** A busy machine may once be too slow for a rate: the nearest of three. No machine is too fast for one. */
async function rateOf(lab: NatLab, { ns }: Attached, flow: Flow, wanted: number): Promise<number> {
  let nearest = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const rate = await frameRate(lab.host, ns, uplink.outside4, flow);
    if (rate > wanted * 1.1) return rate;
    if (Math.abs(rate - wanted) < Math.abs(nearest - wanted)) nearest = rate;
    if (Math.abs(nearest / wanted - 1) <= 0.1) break;
  }
  return nearest;
}

const flows = (["tcp", "udp"] as const).flatMap((protocol) =>
  (["out", "in"] as const).flatMap((direction) =>
    [10, 100, 1000].map((megabits) => ({ protocol, direction, megabits })),
  ),
);

describe.skipIf(reason !== undefined)(`limits of a port${reason ? ` (${reason})` : ""}`, () => {
  it.for(flows)(
    "hold $protocol $direction at $megabits Mbit/s within a tenth",
    { timeout: 90_000 },
    async ({ protocol, direction, megabits }, { skip }) => {
      await using lab = await createLab();
      await startIperf(lab.host, lab.host.outside);
      const wanted = megabits * mbit;
      const flow = { protocol, direction, seconds: 2, bytesPerSecond: wanted * 1.5 };
      if (megabits >= 1000) {
        const free = await frameRate(lab.host, (await lab.add({ config })).ns, uplink.outside4, flow);
        skip(free < wanted * 1.3, `this machine carries ${Math.round(free / mbit)} Mbit/s`);
      }
      const attached = await lab.add({ config, runtimeConfig: limited(wanted) });
      const found = await rateOf(lab, attached, flow, wanted);
      expect(found / wanted).toBeGreaterThan(0.9);
      expect(found / wanted).toBeLessThan(1.1);
    },
  );

  it("hold each way for itself, and leave other containers alone", { timeout: 60_000 }, async () => {
    await using lab = await createLab();
    await startIperf(lab.host, lab.host.outside);
    const [slow, free] = [
      await lab.add({ config: { ...config, ...qosOf(10 * mbit) } }),
      await lab.add({ config }),
    ];
    const rate = (ns: Attached["ns"], direction: Flow["direction"]) =>
      frameRate(lab.host, ns, uplink.outside4, { protocol: "tcp", direction, seconds: 1 });
    expect(await rate(slow.ns, "out")).toBeLessThan(11.5 * mbit);
    expect(await rate(slow.ns, "in")).toBeGreaterThan(20 * mbit);
    expect(await rate(free.ns, "out")).toBeGreaterThan(20 * mbit);
  });

  it("are out of the container's reach", { timeout: 60_000 }, async () => {
    await using lab = await createLab();
    const { host } = lab;
    await startIperf(host, host.outside);
    const attached = await lab.add({ config: { ...config, ...qosOf(10 * mbit) } });
    const { ns, gateway4 } = attached;
    for (const words of ["qdisc del dev eth0 root", "qdisc del dev eth0 ingress"])
      await host.run(ns, ["tc", ...words.split(" ")]);
    const tricks = `tc qdisc replace dev eth0 root pfifo limit 10000
      ip link set eth0 down; ip link set eth0 txqueuelen 10000 group 7; ip link set eth0 up
      ip route replace default via ${gateway4} dev eth0`;
    await host.exec(ns, "sh", "-ec", tricks);
    const flow = { protocol: "udp", direction: "out", seconds: 2, bytesPerSecond: 20 * mbit } as const;
    expect((await frameRate(host, ns, uplink.outside4, flow)) / (10 * mbit)).toBeLessThan(1.1);
    expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
  });

  it("hold for every frame, however short", async () => {
    await using lab = await createLab();
    const attached = await lab.add({ config: { ...config, ...qosOf(10 * mbit) } });
    const passed = async (): Promise<number> =>
      JSON.parse(await tc(lab, "-j", "-s", "qdisc", "show", "dev", limiterOf(attached)))[0].packets;
    const before = await passed();
    const header = { to: "02:00:00:00:00:99", from: attached.result.interfaces[2]?.mac ?? "", type: ETH.ip };
    const short = ethernet(header, textOf("x"));
    await sendFrames(attached.ns, "eth0", Array(20).fill(short));
    expect((await passed()) - before).toBeGreaterThanOrEqual(20);
  });

  it("are named by CHECK when somebody takes them away or changes them", async () => {
    await using lab = await createLab();
    const attached = await lab.add({ config, runtimeConfig: limited(10 * mbit) });
    const [port, limiter] = [portOf(attached), limiterOf(attached)];
    expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    const named = async () => (await lab.refused("CHECK", { ...attached, prevResult: attached.result })).msg;
    await tc(lab, "qdisc", "del", "dev", port, "root");
    expect(await named()).toContain(`limit towards eth0 at port ${port}: expected 1250000 bytes/s`);
    await tc(
      lab,
      "qdisc",
      "change",
      "dev",
      limiter,
      "root",
      "tbf",
      ...["rate", "1gbit", "burst", "1mb", "limit", "2mb"],
    );
    expect(await named()).toMatch(/limit from eth0 at port .* found 125000000 bytes\/s/);
    await tc(lab, "qdisc", "del", "dev", port, "ingress");
    expect(await named()).toContain(`way of port ${port} through ${limiter}: expected present, found absent`);
    await lab.host.exec(lab.host.ns, "ip", "link", "del", limiter);
    expect(await named()).toMatch(/limit from eth0 at port .* found nothing/);
    await lab.done("DEL", attached);
  });

  it("leave nothing behind: not after DEL, with the compartment or without it, with the state or without", async () => {
    await using lab = await createLab();
    await lab.done("DEL", await lab.add({ config }));
    const before = await lab.host.snapshot();
    for (const lost of [[], ["compartment"], ["state"], ["compartment", "state"]]) {
      const attached = await lab.add({ config, runtimeConfig: limited(10 * mbit) });
      expect(await links(lab)).toContain(limiterOf(attached));
      if (lost.includes("compartment")) await lab.host.remove(attached.ns);
      if (lost.includes("state")) rmSync(lab.dataDir, { recursive: true });
      await lab.done("DEL", attached);
      expect(await lab.host.changes(before), lost.join()).toBe("");
    }
  });

  it("are found by GC when the port went with its container and the state is lost", async () => {
    await using lab = await createLab();
    const attached = await lab.add({ config, runtimeConfig: limited(10 * mbit) });
    await lab.host.remove(attached.ns);
    rmSync(lab.dataDir, { recursive: true });
    expect(await links(lab)).toContain(limiterOf(attached));
    await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
    expect(await links(lab)).not.toMatch(/v[pq]-/);
  });

  it("of an ADD that was killed on the way are taken away by DEL", { timeout: 60_000 }, async () => {
    await using lab = await createLab();
    await lab.done("DEL", await lab.add({ config }));
    const before = await lab.host.snapshot();
    const steps = ["link add vq-", "learn vq-", "limit vp-", "learn eth0"];
    let left = 0;
    for (const [at, step] of [...steps, ...steps, ...steps].entries()) {
      const ask = { id: `k${at}`, netns: (await lab.host.compartment(`k${at}`)).path, config };
      await killedAt(lab, ask, (line) => line.includes(step));
      if ((await links(lab)).includes("vq-")) left++;
      await lab.done("DEL", ask);
      expect(await lab.host.changes(before), step).toBe("");
    }
    expect(left).toBeGreaterThan(0);
  });
});

/** ADD with limits, killed as soon as it tells of a certain step. */
async function killedAt(
  lab: NatLab,
  { id, netns }: { readonly id: string; readonly netns: string },
  isMoment: (line: string) => boolean,
): Promise<void> {
  const stdin = join(lab.host.dir, `${id}.json`);
  const runtimeConfig = limited(10 * mbit);
  writeFileSync(
    stdin,
    JSON.stringify({ cniVersion: "1.1.0", name: "nat", type: "nat", ...config, runtimeConfig }),
  );
  const child = lab.host.start(lab.host.ns, ["sh", "-c", `exec ${join(binDir, "nat")} < ${stdin}`], {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: id,
    CNI_NETNS: netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: binDir,
    VSWITCH_DATA_DIR: lab.dataDir,
    VSWITCH_TRACE: "1",
  });
  await child.line(isMoment, "the step");
  process.kill(child.pid, "SIGKILL");
  await child.stop();
}
