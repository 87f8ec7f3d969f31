import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

async function startAgent(lab: NatLab, ...words: readonly string[]): Promise<Child> {
  const child = toolOf(lab).start("agent", "--settle", "0.1", ...words);
  await child.line((line) => line.includes("watching"), "its start");
  return child;
}

/** Damages the host and waits until CHECK passes again for all. */
async function heals(
  lab: NatLab,
  attached: readonly Attached[],
  script: string,
  where = lab.host.ns,
): Promise<void> {
  await lab.host.exec(where, "sh", "-c", script);
  const codes = async () => Promise.all(attached.map(async (one) => (await lab.check(one)).exitCode));
  await expect.poll(codes, { timeout: 15_000, interval: 100 }).toEqual(attached.map(() => 0));
}

describe.skipIf(reason !== undefined)(`vswitch agent${reason ? ` (${reason})` : ""}`, () => {
  it.each([
    ["the whole ruleset is flushed", "nft flush ruleset"],
    ["the guard of all ports is gone", "nft flush set bridge vswitch guarded"],
    ["a published port is gone", "nft flush map inet vswitch published4_any"],
    ["the bridge is gone", "ip link delete vsw-nat"],
    ["the bridge has lost its addresses", "ip address flush dev vsw-nat"],
    [
      "ports left their bridge",
      "for p in $(ip -o link | grep -o '^[0-9]*: vp-[0-9a-f]*' | cut -d' ' -f2); do ip link set $p nomaster; done",
    ],
    ["nothing is forwarded", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
  ])("mends at once when %s, though it looks at everything but once an hour", async (_, script) => {
    await using lab = await createLab();
    const attached = [
      await lab.add({ id: "web", runtimeConfig: publish("8080:80/tcp") }),
      await lab.add({ id: "elsewhere", config: other }),
    ];
    await using child = await startAgent(lab, "--interval", "3600");
    await heals(lab, attached, script);
    await child.line((line) => line.endsWith(": mended"), "what it did");
  });

  it("learns of containers that come, in a state that was not there when it began", async () => {
    await using lab = await createLab();
    await using child = await startAgent(lab, "--interval", "3600");
    expect(child.lines[0]).toContain("watching 0 endpoints");
    const web = await lab.add({ id: "web", config: dual });
    await heals(lab, [web], "nft flush ruleset");
  });

  it("finds what drifts in a compartment when it looks at everything", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    await using child = await startAgent(lab, "--interval", "1");
    await heals(lab, [web], "ip link set eth0 down", web.ns);
    await child.line((line) => line.includes("state of eth0"), "what it did");
  });

  it("says nothing of containers that come and go, and mends what is not theirs to lose", async () => {
    await using lab = await createLab();
    const stays = await lab.add({ id: "stays" });
    await using child = await startAgent(lab, "--interval", "1");
    for (let i = 0; i < 4; i++) {
      const one = await lab.add({ id: `c${i}`, runtimeConfig: publish(`808${i}:80/tcp`) });
      await lab.done("DEL", one);
      await lab.host.remove(one.ns);
    }
    // Longer than its interval: nothing is what is waited for.
    await Bun.sleep(1500);
    expect(child.lines).toHaveLength(1);
    await heals(lab, [stays], "nft flush ruleset");
    await child.line((line) => line.endsWith(": mended"), "that it lives");
    const said = child.lines.length;
    rmSync(lab.dataDir, { recursive: true });
    await Bun.sleep(1500);
    expect(child.lines).toHaveLength(said);
  });

  it("leaves alone for a while what somebody else changes again and again", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    await using child = await startAgent(lab, "--interval", "3600");
    const down = "ip link set $(ip -o link | grep -o 'vp-[0-9a-f]*' | head -1) down";
    for (let i = 0; i < 4; i++) await heals(lab, [web], down);
    await child.line((line) => line.includes("again and again"), "its patience");
  });

  it("ends well on SIGTERM", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    const child = await startAgent(lab);
    process.kill(child.pid, "SIGTERM");
    await child.line((line) => line === "stopped", "its end");
    await child.stop();
  });

  it("looks once, as repair does, when it is told to", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    await lab.host.exec(lab.host.ns, "nft", "flush", "ruleset");
    const done = await toolOf(lab)("agent", "--once");
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toContain("1 endpoint: 1 mended");
  });
});
