import { describe, expect, it } from "vitest";
import { type Host, uplink } from "./host.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** As when a network card is pulled out: with all that hangs on it. */
const pull = ({ exec, ns }: Host) => exec(ns, "ip", "link", "delete", "eth0");

/** The same card in another slot: another index, another MAC, the same addresses. */
async function plugIn({ exec, ns, outside }: Host): Promise<void> {
  const script = `ip link add spare type veth peer name spare2
    ip link add eth0 type veth peer name eth0 netns "$1"
    for at in "" "-n $1"; do ip $at link set eth0 addrgenmode none; ip $at link set eth0 up; done
    ip address add ${uplink.host4}/24 dev eth0; ip address add ${uplink.host6}/64 dev eth0 nodad
    ip -n "$1" address add ${uplink.outside4}/24 dev eth0
    ip -n "$1" address add ${uplink.outside6}/64 dev eth0 nodad
    ip route add default via ${uplink.outside4}`;
  await exec(ns, "sh", "-ec", script, "sh", outside.name);
}

describe.skipIf(reason !== undefined)(
  `the uplink of a transparent network${reason ? ` (${reason})` : ""}`,
  () => {
    it.each([
      ["is missing", "ip link delete eth0", "no uplink: eth0 does not exist"],
      ["is down", "ip link set eth0 down", "eth0 is down"],
    ])("that %s lets no ADD begin, and nothing is left", async (_, command, words) => {
      await using lab = await createLanLab();
      const { host } = lab;
      await host.exec(host.ns, "sh", "-ec", command);
      const ns = await host.compartment();
      const before = await host.snapshot(lab.everything);
      const ask = { id: "x", netns: ns.path, config: lanWith({ uplink: "eth0" }) };
      const refused = await lab.refused("ADD", ask);
      expect(refused).toMatchObject({ code: 106, msg: expect.stringContaining(words) });
      expect(await host.changes(before, lab.everything)).toBe("");
      expect(await host.exec(ns, "ip", "-br", "link", "show", "type", "macvlan")).toBe("");
    });

    it("that is not named is that of the default route, and missing where there is none", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      await host.exec(host.ns, "sh", "-c", "ip route delete default; ip -6 route delete default");
      const ns = await host.compartment();
      const refused = await lab.refused("ADD", { id: "x", netns: ns.path });
      expect(refused).toMatchObject({ code: 106, msg: expect.stringContaining("no default route") });
      await lab.add({ id: "x", ns, config: lanWith({ uplink: "eth0" }) });
    });

    it.each([false, true])(
      "that vanishes under its containers is told of by CHECK, hinders no DEL and no GC, and is taken up again (host access: %s)",
      async (hostAccess) => {
        await using lab = await createLanLab();
        const { host } = lab;
        const config = lanWith({ uplink: "eth0", hostAccess });
        const [a, b, c] = [await lab.add({ config }), await lab.add({ config }), await lab.add({ config })];
        await pull(host);
        const gone = JSON.parse((await lab.check(a)).stdout);
        expect(gone).toMatchObject({ code: 109, msg: expect.stringContaining("eth0") });
        await lab.done("DEL", a);
        const valid = [{ containerID: c.id, ifname: "eth0" }];
        await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": valid } });
        expect(lab.rows().filter((row) => row.startsWith("endpoints"))).toEqual([
          expect.stringContaining(` ${c.id} `),
        ]);
        expect(lab.rows().join()).not.toContain(` ${b.id} `);
        await plugIn(host);
        // What hung on the old one did not come back.
        expect(JSON.parse((await lab.check(c)).stdout)).toMatchObject({ code: 109 });
        const next = await lab.add({ config });
        expect(await host.answersPing(next.ns, uplink.outside4)).toBe(true);
        if (hostAccess) expect(await host.answersPing(host.ns, next.ip4)).toBe(true);
        expect(await lab.check(next)).toMatchObject({ exitCode: 0 });
        // A runtime starts the container again.
        await lab.done("DEL", c);
        const again = await lab.add({ ...c, config });
        expect(await host.answersPing(again.ns, uplink.outside6)).toBe(true);
        for (const one of [next, again]) await lab.done("DEL", one);
        await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
        await host.exec(host.ns, "ip", "link", "delete", "spare");
        expect(await host.exec(host.ns, "ip", "-br", "link")).not.toContain("vsh-");
      },
    );

    it("that goes down and comes up again carries its containers as before", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const a = await lab.add({ config: lanWith({ uplink: "eth0" }) });
      await host.exec(host.ns, "ip", "link", "set", "eth0", "down");
      expect(await host.answersPing(a.ns, uplink.outside4)).toBe(false);
      await host.exec(host.ns, "ip", "link", "set", "eth0", "up");
      expect(await host.answersPing(a.ns, uplink.outside4)).toBe(true);
      expect(await lab.check(a)).toMatchObject({ exitCode: 0 });
      await lab.done("DEL", a);
    });
  },
);
