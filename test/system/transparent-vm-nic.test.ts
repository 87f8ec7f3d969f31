import { describe, expect, it } from "vitest";
import { startGuest } from "./guest.ts";
import { uplink } from "./host.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { type Attached, type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();
const guestOn = (config: object = {}) => lanWith({ vnic: "vmNic", dad: 50, ...config });

/** With the MAC that its frames have on the wire. */
const kinds = [
  ["behind a macvlan", {}, "own"],
  [
    "behind a macvlan of a network that has the host's adapter, too",
    { hostAccess: true, tapName: "tap0" },
    "own",
  ],
  ["on a bridge", { switch: "bridge" }, "own"],
  ["that is a port of a bridge", { switch: "bridge", vmNicAttach: "switch" }, "own"],
  ["on a routed switch", { switch: "routed" }, "host"],
  ["that is a port of a routed switch", { switch: "routed", vmNicAttach: "switch" }, "host"],
] as const;

async function uplinkMac({ host }: NatLab): Promise<string> {
  const [link] = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show", "dev", "eth0")) as readonly {
    readonly address: string;
  }[];
  return link?.address ?? "";
}

/** What the machine beyond has learnt of an address. */
async function learnt({ host }: NatLab, address: string): Promise<string | undefined> {
  const shown = await host.exec(host.outside, "ip", "neigh", "show", address, "dev", "eth0");
  return /lladdr (\S+)/.exec(shown)?.[1];
}

describe.skipIf(reason !== undefined)(`a guest of a LAN${reason ? ` (${reason})` : ""}`, () => {
  it.each(kinds)(
    "%s reaches a machine there, and is reached, by its MAC or the host's",
    async (_, config, whose) => {
      await using lab = await createLanLab({ config: guestOn(config) });
      const { host } = lab;
      await lab.add({ args: "VNIC=hostVnic" });
      const before = await host.snapshot(lab.everything);
      const attached = await lab.add();
      const guest = await startGuest(lab, attached);
      for (const [from, to] of [
        [guest.ns, uplink.outside4],
        [guest.ns, uplink.outside6],
        [host.outside, attached.ip4],
        [host.outside, attached.ip6],
      ] as const)
        expect(await host.answersPing(from, to), `${from.name} ${to}`).toBe(true);
      const wanted = whose === "own" ? guest.mac : await uplinkMac(lab);
      expect([await learnt(lab, attached.ip4), await learnt(lab, attached.ip6)]).toEqual([wanted, wanted]);
      expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
      await expectNoAddress(lab, attached);
      await lab.done("DEL", attached);
      await lab.done("DEL", attached);
      expect(await host.changes(before, lab.everything)).toBe("");
    },
  );

  it("behind a macvlan hears the groups that it joins: neighbours find it who know nothing of it", async () => {
    await using lab = await createLanLab({ config: guestOn() });
    const { host } = lab;
    const attached = await lab.add();
    const guest = await startGuest(lab, attached);
    // Nothing of the guest has been on the wire that anybody could have learnt from.
    await host.exec(host.outside, "ip", "neigh", "flush", "all");
    await using capture = await host.capture(guest.ns, "eth0", "icmp6");
    expect(await host.answersPing(host.outside, attached.ip6)).toBe(true);
    await capture.packet(/33:33:ff:00:01:00.*neighbor solicitation/);
    // Repair brings that back with a link that somebody set down.
    const name = attached.result.interfaces.find((link) => link.name.startsWith("vj-"))?.name ?? "";
    await host.exec(attached.ns, "ip", "link", "set", name, "down", "allmulticast", "off");
    expect(await toolOf(lab)("repair")).toMatchObject({ exitCode: 0 });
    await host.exec(host.outside, "ip", "neigh", "flush", "all");
    expect(await host.answersPing(host.outside, attached.ip6)).toBe(true);
  });

  it("and a process are on one macvlan network, and reach each other", async () => {
    await using lab = await createLanLab({ config: lanWith({ dad: 5 }) });
    const process = await lab.add();
    const attached = await lab.add({ args: "VNIC=vmNic" });
    const guest = await startGuest(lab, attached);
    for (const [from, to] of [
      [guest.ns, process.ip4],
      [process.ns, attached.ip6],
    ] as const)
      expect(await lab.host.answersPing(from, to)).toBe(true);
  });
});

/** In the compartment nobody but the guest has any. */
async function expectNoAddress({ host }: NatLab, { ns }: Pick<Attached, "ns">): Promise<void> {
  const shown = await host.exec(ns, "ip", "-br", "address", "show", "up");
  for (const line of shown
    .trim()
    .split("\n")
    .filter((one) => !one.startsWith("lo ")))
    expect(line.trim().split(/\s+/)).toHaveLength(line.trim() === "" ? 1 : 2);
}
