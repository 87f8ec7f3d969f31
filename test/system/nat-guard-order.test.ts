import { describe, expect, it } from "vitest";
import { createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";
import { arp } from "./packets.ts";
import { dropsOf, macOf, switchOf } from "./siege.ts";
import { ETH, ethernet } from "./wire.ts";

const reason = whyNoNat();
const policies = [{ Type: "ACL", Settings: { Action: "Block", Direction: "Out", Protocols: "6" } }];
const config = { ...dual, policies };
const env = { VSWITCH_TRACE: "1" };

/** Numbers of the lines of a trace: the first and the last that match. */
function lines(trace: string, pattern: RegExp): { readonly first: number; readonly last: number } {
  const numbers = trace.split("\n").flatMap((line, i) => (pattern.test(line) ? [i] : []));
  expect(numbers, `${pattern} in ${trace}`).not.toEqual([]);
  return { first: numbers[0] ?? 0, last: numbers.at(-1) ?? 0 };
}

/** The line in which the kernel is asked for it, not the step's title. */
const makesPort = /link add vp-\S+ mtu /;
const losesPort = /link delete index/;
const holds = /(add|delete) element \S+ vswitch (guarded|judged|guard|senders|dropped)\S* /;

/** Frames in the gateway's name from before the container has its network until after. */
async function assault(
  { host }: NatLab,
  ns: Awaited<ReturnType<NatLab["add"]>>["ns"],
  frame: readonly number[],
) {
  const eager = host.start(ns, ["sh", "-c", "while :; do ip link set eth0 up 2> /dev/null; done"]);
  const hex = Buffer.from(frame).toString("hex");
  const flood = host.start(ns, [process.execPath, `${import.meta.dirname}/flood.ts`, "eth0", hex]);
  return {
    sending: () => flood.line((line) => line === "sending", "the first frame", 20_000),
    stop: async () => {
      await eager.stop();
      await flood.stop();
    },
  };
}

describe.skipIf(reason !== undefined)(`the policies of a port${reason ? ` (${reason})` : ""}`, () => {
  it("are there before it, and go after it", async () => {
    await using lab = await createLab();
    const ns = await lab.host.compartment();
    const ask = { id: "c", netns: ns.path, config, env };
    const added = await lab.call("ADD", ask);
    expect(added.exitCode).toBe(0);
    expect(lines(added.stderr, holds).last).toBeLessThan(lines(added.stderr, makesPort).first);
    const deleted = await lab.done("DEL", ask);
    expect(lines(deleted.stderr, losesPort).last).toBeLessThan(lines(deleted.stderr, holds).first);
  });

  it("hold against a container that sends all the while it is attached and detached", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const victim = await lab.add({ id: "victim" });
    const ns = await host.compartment("attacker");
    const { mac, gateway } = { mac: "02:66:66:66:66:66", gateway: victim.gateway4 };
    const claim = ethernet(
      { to: macOf(victim), from: mac, type: ETH.arp },
      arp({
        operation: "reply",
        senderMac: mac,
        senderIp: gateway,
        targetMac: macOf(victim),
        targetIp: victim.ip4,
      }),
    );
    await using capture = await host.capture(victim.ns, "eth0", "-p -Q in arp or icmp");
    await using onSwitch = await host.capture(host.ns, switchOf(victim), `ether src ${mac}`);
    const attack = await assault(lab, ns, claim);
    for (let i = 0; i < 5; i++) {
      const attached = await lab.add({ id: "attacker", ns });
      await attack.sending();
      await expect
        .poll(async () => (await dropsOf(lab, attached)).spoofed, { timeout: 20_000 })
        .toBeGreaterThan(0);
      await lab.done("DEL", attached);
    }
    await attack.stop();
    expect(await host.answersPing(host.ns, victim.ip4)).toBe(true);
    await capture.packet(/ICMP echo request/);
    expect(capture.packets().filter((line) => line.includes(mac))).toEqual([]);
    expect(onSwitch.packets()).toEqual([]);
  });
});
