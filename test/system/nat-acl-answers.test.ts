import { describe, expect, it } from "vitest";
import { acl } from "./acl-scene.ts";
import { uplink } from "./host.ts";
import { answerAll, isDropped } from "./knock.ts";
import { type Attached, createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";
import { seeBridged } from "./siege.ts";

const reason = whyNoNat();
const port = 7700;
const long = "x".repeat(4000);

const allow = (Direction: "In" | "Out", Protocols: string, rest = {}) =>
  acl("Allow", Direction, { Protocols, ...rest });

const boxOf = (lab: NatLab, ...policies: readonly ReturnType<typeof allow>[]) =>
  lab.add({ id: "box", config: { ...dual, policies } });

async function reachable({ host }: NatLab, { ip4, ip6 }: Attached): Promise<void> {
  const script = `ip route add ${ip4} via ${uplink.host4}; ip route add ${ip6} via ${uplink.host6}`;
  await host.exec(host.outside, "sh", "-ec", script);
}

const ways = [
  { family: 4, bridged: false },
  { family: 6, bridged: false },
  { family: 4, bridged: true },
  { family: 6, bridged: true },
] as const;
const title = "IPv$family, bridged packets seen by IP's rules: $bridged";

describe.skipIf(reason !== undefined)(`ACLs${reason ? ` (${reason})` : ""}`, () => {
  it.each(ways)(`let answers pass, in pieces too (${title})`, async ({ family, bridged }) => {
    await using lab = await createLab();
    const { host } = lab;
    await seeBridged(host, bridged);
    const peer = await lab.add({ id: "peer" });
    const box = await boxOf(lab, allow("Out", "6,17"));
    const any = family === 4 ? "0.0.0.0" : "::";
    const ends = [
      [peer.ns, peer[`ip${family}`]],
      [host.ns, box[`gateway${family}`]],
      [host.outside, uplink[`outside${family}`]],
    ] as const;
    for (const [ns, address] of ends) {
      for (const protocol of ["udp", "tcp"] as const) await host.echo(ns, { protocol, address: any, port });
      const say = async (protocol: "udp" | "tcp", message: string) =>
        expect
          .soft(
            await host.answers(box.ns, { protocol, address, port, message, sourcePort: 41_000 }),
            `${protocol} ${address} ${message.length} bytes`,
          )
          .toBe(true);
      // The flow is known by the first, and the second must not be lost for that.
      await say("udp", "short");
      await say("udp", long);
      await say("tcp", "short");
    }
  });

  it.each(ways)(`let what they let in be answered, in pieces too (${title})`, async ({ family, bridged }) => {
    await using lab = await createLab();
    const { host } = lab;
    await seeBridged(host, bridged);
    const peer = await lab.add({ id: "peer" });
    const box = await boxOf(lab, allow("In", "6,17", { LocalPorts: `${port}` }));
    await reachable(lab, box);
    const address = box[`ip${family}`];
    for (const protocol of ["udp", "tcp"] as const)
      await host.echo(box.ns, { protocol, address: family === 4 ? "0.0.0.0" : "::", port });
    for (const from of [peer.ns, host.ns, host.outside])
      for (const [protocol, message] of [
        ["udp", "short"],
        ["udp", long],
        ["tcp", "short"],
      ] as const)
        expect
          .soft(
            await host.answers(from, { protocol, address, port, message, sourcePort: 41_001 }),
            `${protocol} from ${from.name} ${message.length} bytes`,
          )
          .toBe(true);
  });

  it.each(ways)(
    `let pings pass with their answers, in pieces too (${title})`,
    async ({ family, bridged }) => {
      await using lab = await createLab();
      const { host } = lab;
      await seeBridged(host, bridged);
      const peer = await lab.add({ id: "peer" });
      const ping = async (from: Attached["ns"], to: string, size: number) =>
        (await host.run(from, ["busybox", "ping", "-c", "1", "-W", "3", "-s", `${size}`, to])).exitCode;
      const number = family === 4 ? "1" : "58";
      const out = await boxOf(lab, allow("Out", number));
      for (const to of [peer[`ip${family}`], out[`gateway${family}`], uplink[`outside${family}`]])
        for (const size of [56, 5000]) expect.soft(await ping(out.ns, to, size), `${to} ${size}`).toBe(0);
      await answerAll(lab, peer.ns, out.ns);
      const knock = { from: peer.ns, protocol: "ping", to: out[`ip${family}`] } as const;
      await isDropped(lab, knock, { set: "dropped_acl_in", of: out });
      await lab.done("DEL", out);
      const into = await boxOf(lab, allow("In", number));
      await reachable(lab, into);
      for (const from of [peer.ns, host.ns, host.outside])
        for (const size of [56, 5000])
          expect.soft(await ping(from, into[`ip${family}`], size), `${from.name} ${size}`).toBe(0);
    },
  );
});
