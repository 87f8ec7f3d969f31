import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, dual, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** Tables as other programs of a host have them. */
const foreign = `table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority 100
    ip saddr 10.88.0.0/16 masquerade
  }
}
table inet firewalld {
  set s {
    type ipv4_addr
    elements = { 192.0.2.7 }
  }
  chain f {
    type filter hook forward priority 10; policy accept
    ct state established,related accept
    ip daddr @s drop
  }
}
table ip6 filter {
  chain FORWARD {
    type filter hook forward priority 0; policy accept
    counter
  }
}
table inet vswitch {
  set mine {
    type ipv4_addr
  }
}
`;

describe.skipIf(reason !== undefined)(`the switch of a nat network${reason ? ` (${reason})` : ""}`, () => {
  it.each([
    ["a link of another kind", "ip link add vsw-nat type veth peer name other", "veth"],
    [
      "a bridge without our mark",
      "ip link add vsw-nat type bridge; ip address add 10.9.0.1/24 dev vsw-nat",
      "10.9.0.1",
    ],
    [
      "a bridge of another network of ours",
      'ip link add vsw-nat type bridge; ip link set vsw-nat alias "vswitch:network web 10.9.0.1/24"',
      "web",
    ],
  ])("does not take the name of %s", async (_, command, named) => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add({ config: other });
    await host.exec(host.ns, "sh", "-c", command);
    const before = await host.snapshot(lab.everything);
    const ns = await host.compartment();
    const refused = await lab.refused("ADD", {
      id: "x",
      netns: ns.path,
      runtimeConfig: publish("8080:80/tcp"),
    });
    expect(refused).toMatchObject({ code: 108 });
    expect(refused.msg).toContain("vsw-nat");
    expect(refused.msg).toContain(named);
    expect(await host.changes(before, lab.everything)).toBe("");
    // As the error says, another name will do.
    await lab.add({ id: "x", ns, config: { ...dual, bridge: "mine0" } });
  });

  it.each([
    ["MAC", "ip link set vsw-nat address 02:00:00:00:00:01", /02:00:00:00:00:01.*66:af:3c:fa:1b:ee/],
    ["MTU", "ip link set vsw-nat mtu 1300", /1300.*1500/],
  ])("with another %s is an error with both values", async (_, command, both) => {
    await using lab = await createLab();
    const { host } = lab;
    const first = await lab.add();
    await host.exec(host.ns, "sh", "-c", command);
    const before = await host.snapshot(lab.everything);
    const ns = await host.compartment();
    const refused = await lab.refused("ADD", { id: "x", netns: ns.path });
    expect(refused).toMatchObject({ code: 108 });
    expect(refused.msg).toMatch(both);
    expect(await host.changes(before, lab.everything)).toBe("");
    await lab.done("DEL", first);
  });

  it.each([
    ["address was removed", "ip address flush dev vsw-nat scope global", "10.61.0.1"],
    ["link was put down", "ip link set vsw-nat down", "vsw-nat"],
    ["forwarding was switched off", "sysctl -qw net.ipv4.ip_forward=0", "forwarding"],
    ["link was deleted", "ip link delete vsw-nat", "vsw-nat"],
  ])("is named by CHECK and healed by the next ADD when its %s by hand", async (_, command, named) => {
    await using lab = await createLab();
    const { host } = lab;
    const first = await lab.add();
    await host.exec(host.ns, "sh", "-c", command);
    const checked = await lab.check(first);
    expect(checked).toMatchObject({ exitCode: 1 });
    expect(JSON.parse(checked.stdout)).toMatchObject({ code: 109, msg: expect.stringContaining(named) });
    const second = await lab.add();
    expect(await host.answersPing(second.ns, second.gateway4)).toBe(true);
    expect(await host.answersPing(second.ns, uplink.outside4)).toBe(true);
    expect(await lab.check(second)).toMatchObject({ exitCode: 0 });
    for (const attached of [first, second]) await lab.done("DEL", attached);
    expect(lab.rows().filter((row) => !row.startsWith("networks"))).toEqual([]);
  });

  it("refuses a table of its name that is somebody else's, and leaves the tables of all others alone", async () => {
    await using lab = await createLab();
    const { host } = lab;
    writeFileSync(`${host.dir}/foreign.nft`, foreign);
    await host.exec(host.ns, "nft", "-f", `${host.dir}/foreign.nft`);
    const ruleset = () => host.exec(host.ns, "nft", "-s", "list", "ruleset");
    const before = [await ruleset(), await host.snapshot(lab.everything)] as const;
    const ns = await host.compartment();
    const refused = await lab.refused("ADD", { id: "x", netns: ns.path });
    expect(refused).toMatchObject({ code: 108 });
    expect(refused.msg).toContain("nftables table vswitch (inet or bridge) is not of this project");
    expect(refused.details).toContain("nft delete table inet vswitch");
    expect(await ruleset()).toBe(before[0]);
    expect(await host.changes(before[1], lab.everything)).toBe("");
    await host.exec(host.ns, "nft", "delete", "table", "inet", "vswitch");
    const others = await ruleset();
    const attached = await lab.add({ id: "x", ns, runtimeConfig: publish("8080:80/tcp") });
    const withoutOurs = async () =>
      (await ruleset()).replaceAll(/table (inet|bridge) vswitch \{[\s\S]*?\n\}\n?/g, "").trim();
    expect(await withoutOurs()).toBe(others.trim());
    await lab.done("DEL", attached);
    await lab.done("GC", { config: { ...dual, "cni.dev/valid-attachments": [] } });
    expect((await ruleset()).trim()).toBe(others.trim());
  });

  it("refuses another definition of its network while that is in use, with both values", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const first = await lab.add();
    const ns = await host.compartment();
    const before = await host.snapshot(lab.everything);
    for (const [config, both] of [
      [{ ipam: { subnet: "10.66.0.0/24" } }, /10\.61\.0\.0\/24.*10\.66\.0\.0\/24/],
      [{ ...dual, mtu: 1300 }, /mtu.*1300/],
      [{ ...dual, ipMasq: false }, /ipMasq is true.*false/],
      [{ ...dual, bridge: "other0" }, /bridge.*other0/],
      [{ ...dual, exceptions: ["10.0.0.0/8"] }, /exceptions.*10\.0\.0\.0\/8/],
      [{ ...dual, DisableInterComputeCommunication: true }, /DisableInterCompute.* not set .* true/],
      [{ ...dual, reachable: ["web"] }, /reachable is not set in use, web in/],
    ] as const) {
      const refused = await lab.refused("ADD", { id: "x", netns: ns.path, config });
      expect(refused).toMatchObject({ code: 108 });
      expect(refused.msg).toMatch(both);
      expect(await host.changes(before, lab.everything)).toBe("");
    }
    expect(await lab.check(first)).toMatchObject({ exitCode: 0 });
  });

  it("is replaced by another definition of its network once nobody is on it", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const first = await lab.add();
    await lab.done("DEL", first);
    const config = { ipam: { subnet: "10.66.0.0/24" }, mtu: 1300, ipMasq: false, bridge: "other0" };
    const second = await lab.add({ config });
    expect(second.gateway4).toBe("10.66.0.1");
    const links = await host.exec(host.ns, "ip", "-br", "address");
    expect(links).toContain("10.66.0.1/24");
    expect(links).not.toMatch(/vsw-nat|10\.61\.0\.1/);
    const table = await host.exec(host.ns, "nft", "list", "table", "inet", "vswitch");
    expect(table).not.toMatch(/10\.61\.0\.0|vsw-nat/);
    expect(await lab.check(second)).toMatchObject({ exitCode: 0 });
  });
});
