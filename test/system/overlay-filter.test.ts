import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendDatagrams, vxlan } from "./frames.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import { udp } from "./packets.ts";
import { type Bytes, ETH, ethernet, ip4, ip6, NEXT, textOf } from "./wire.ts";

const why = whyNoNat();

interface Inner {
  readonly to: string;
  readonly from: string;
  readonly address: string;
  readonly port: number;
}

/** A frame to a tunnel's MAC with UDP inside. */
function inner({ to, from, address, port }: Inner): Bytes {
  const ends = { from, to: address };
  const payload = udp(ends, { source: 40_000, destination: port }, textOf("hello"));
  const mac = "0e:2a:c0:00:02:02";
  return address.includes(":")
    ? ethernet(
        { to, from: mac, type: ETH.ip6 },
        ip6({ ...ends, hops: 64 }, { next: NEXT.udp, bytes: payload }),
      )
    : ethernet({ to, from: mac, type: ETH.ip }, ip4({ ...ends, protocol: NEXT.udp }, payload));
}

async function droppedAt({ host }: OverlayHost, set: string): Promise<number> {
  const counted = await host.exec(host.ns, "nft", "list", "set", "inet", "vswitch", set);
  return Number(/packets (\d+)/.exec(counted)?.[1]);
}

describe.skipIf(why).each([4, 6] as const)(
  `VXLAN packets${why ? ` (${why})` : ""} over IPv%d`,
  (underlay) => {
    let lab: OverlayLab;
    let first: OverlayHost;
    let second: OverlayHost;
    let a: Attached;
    let b: Attached;
    let tunnelMac: string;
    let port = 1000;
    const stranger = underlay === 4 ? "192.0.2.254" : "2001:db8::254";

    beforeAll(async () => {
      lab = await createOverlayLab({ underlay });
      [first, second] = lab.hosts as [OverlayHost, OverlayHost];
      [a, b] = [await first.add(), await second.add()];
      const { host } = first;
      const [link] = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show", "vsx-blue"));
      tunnelMac = link.address;
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    /** Which of the packets with such inner sources get to the container; the last one of each family must. */
    const arriving = async (
      ns: OverlayHost["host"]["ns"],
      vni: number,
      sources: readonly string[],
    ): Promise<readonly string[]> => {
      await using capture = await first.host.capture(a.ns, "eth0", "udp");
      const known = ["10.40.2.200", "fd00:40:2::200"];
      const all = [
        ...sources.map((from) => ({ from, ns, vni })),
        ...known.map((from) => ({ from, ns: second.host.ns, vni: 4097 })),
      ];
      for (const one of all) {
        const address = one.from.includes(":") ? a.ip6 : a.ip4;
        const frame = inner({ to: tunnelMac, from: one.from, address, port: port++ });
        await sendDatagrams(one.ns, { address: first.vtep, port: 4789 }, [vxlan(one.vni, frame)]);
      }
      for (const from of known)
        await capture.packet(new RegExp(` ${from.replaceAll(".", "\\.")}\\.40000 > `));
      const came = capture.packets().map((line) => /(\S+)\.40000 > /.exec(line)?.[1] ?? line);
      return came.filter((from) => !known.includes(from));
    };

    const dropped = (set: string): Promise<number> => droppedAt(first, set);

    it("of a stranger are dropped and counted, those of a known VTEP are taken", async () => {
      const before = await dropped("dropped_tunnel");
      expect(await arriving(lab.lan.ns, 4097, ["10.40.2.9", "fd00:40:2::9"])).toEqual([]);
      expect(await dropped("dropped_tunnel")).toBe(before + 2);
      expect(await arriving(second.host.ns, 4097, ["10.40.2.9", "fd00:40:2::9"])).toEqual([
        "10.40.2.9",
        "fd00:40:2::9",
      ]);
      expect(await dropped("dropped_tunnel")).toBe(before + 2);
    });

    it("with a source that is not behind the tunnel are refused, whatever the host says of reverse paths", async () => {
      const { host } = first;
      const sources = ["10.40.1.77", "192.0.2.254", "198.51.100.1", "127.0.0.1"];
      const sources6 = ["fd00:40:1::77", "2001:db8::254", "2001:db8:77::1", "::1"];
      const before = await dropped("dropped_source");
      for (const loose of ["0", "2"]) {
        await host.exec(host.ns, "sysctl", "-qw", `net.ipv4.conf.all.rp_filter=${loose}`);
        expect(await arriving(second.host.ns, 4097, [...sources, ...sources6]), loose).toEqual([]);
      }
      // All but ::1, which the kernel refuses wherever it comes from.
      expect(await dropped("dropped_source")).toBe(before + 2 * (sources.length + sources6.length - 1));
    });

    it("of somebody else's tunnel at the same port are not disturbed", async () => {
      const { host } = first;
      const local = (at: string) => ["local", at, "nolearning"];
      const tunnel = ["ip", "link", "add", "other", "type", "vxlan", "id", "9999", "dstport", "4789"];
      const pairs = [
        { ns: host.ns, own: first.vtep, far: stranger, address: "10.99.0.1/24" },
        { ns: lab.lan.ns, own: stranger, far: first.vtep, address: "10.99.0.2/24" },
      ];
      for (const { ns, own, far, address } of pairs) {
        await host.exec(ns, ...tunnel, "remote", far, ...local(own));
        await host.exec(ns, "ip", "address", "add", address, "dev", "other");
        await host.exec(ns, "ip", "link", "set", "other", "up");
      }
      expect(await host.answersPing(host.ns, "10.99.0.2")).toBe(true);
      expect(await host.answersPing(lab.lan.ns, "10.99.0.1")).toBe(true);
      expect(await host.answersPing(a.ns, b.ip4)).toBe(true);
    });
  },
);

it.skipIf(why)(
  "in mode stretched, with the MAC of a container here, do not take its packets away",
  async () => {
    await using lab = await createOverlayLab({ mode: "stretched" });
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const { host } = first;
    const [a, c] = [await first.add(), await first.add()];
    await second.add();
    const mac = (of: Attached) => of.result.interfaces.at(-1)?.mac ?? "";
    const where = () => host.exec(host.ns, "sh", "-c", `bridge fdb show br vsw-red | grep ${mac(a)}`);
    expect(await host.answersPing(c.ns, a.ip4)).toBe(true);
    const before = await where();
    const stolen = ethernet(
      { to: mac(c), from: mac(a), type: ETH.ip },
      ip4({ from: a.ip4, to: c.ip4, protocol: NEXT.none }, []),
    );
    await using capture = await host.capture(c.ns, "eth0", "ip proto 59");
    await sendDatagrams(lab.lan.ns, { address: first.vtep, port: 4789 }, [vxlan(5001, stolen)]);
    expect(await droppedAt(first, "dropped_tunnel")).toBe(1);
    await sendDatagrams(second.host.ns, { address: first.vtep, port: 4789 }, [vxlan(5001, stolen)]);
    await capture.packet(/./);
    expect(capture.packets()).toHaveLength(1);
    expect(await where()).toBe(before);
    expect(await host.answersPing(c.ns, a.ip4)).toBe(true);
  },
);
