import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, dual, other, publish, whyNoNat } from "./nat-lab.ts";
import { flatRuleset } from "./snapshot-ruleset.ts";

const reason = whyNoNat();
/** Each test has a host of its own, and mostly waits. */
const atOnce = { concurrent: true };
const guarded = {
  ...dual,
  defaultAction: { In: "Allow", Out: "Allow" },
  policies: [
    {
      Type: "ACL",
      Settings: { Action: "Block", Direction: "In", Protocols: "6", LocalPorts: "22", Priority: 1 },
    },
  ],
};

describe.skipIf(reason)(`rules of a nat network${reason ? ` (${reason})` : ""}`, atOnce, () => {
  it.each([
    ["the whole ruleset is flushed", "nft flush ruleset"],
    ["our table is deleted", "nft delete table inet vswitch"],
    ["the rules of our table are flushed", "nft flush table inet vswitch"],
    ["one chain of it is flushed", "nft flush chain inet vswitch postrouting"],
    ["one of its sets is emptied", "nft flush set inet vswitch nat4"],
  ])("are missed by CHECK and healed by the next ADD when %s", async (_, command) => {
    await using lab = await createLab();
    const { host } = lab;
    const first = await lab.add();
    const second = await lab.add();
    await host.echo(host.outside, { protocol: "tcp", address: uplink.outside4, port: 7600 });
    const out = { protocol: "tcp", address: uplink.outside4, port: 7600, timeoutMs: 700 } as const;
    expect(await host.answers(first.ns, out)).toBe(true);
    await host.exec(host.ns, "sh", "-c", command);
    expect(await host.answers(first.ns, out)).toBe(false);
    const checked = await lab.check(first);
    expect(JSON.parse(checked.stdout || "{}")).toMatchObject({
      code: 109,
      msg: expect.stringContaining("vswitch"),
    });
    const third = await lab.add();
    for (const attached of [first, second, third]) {
      expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
      expect((await host.ask(attached.ns, out)).from).toBe(uplink.host4);
    }
  });

  it.each([
    ["the table of bridges is deleted", "nft delete table bridge vswitch"],
    ["its rules are flushed", "nft flush table bridge vswitch"],
    ["one of its chains is flushed", "nft flush chain bridge vswitch from_port"],
    ["our other table is deleted", "nft delete table inet vswitch"],
    ["both are", "nft flush ruleset"],
  ])("of ports are missed by CHECK and healed by the next ADD when %s", async (_, command) => {
    await using lab = await createLab();
    const { host } = lab;
    const attached = await lab.add({ config: guarded });
    const spoofs = async (): Promise<boolean> => {
      const ping = ["busybox", "ping", "-c1", "-W1", "-I", "10.61.0.99", attached.gateway4];
      await using seen = await host.capture(host.ns, "vsw-nat", "icmp and src 10.61.0.99");
      await host.run(attached.ns, ping);
      return seen.packet(/10\.61\.0\.99/, 300).then(
        () => true,
        () => false,
      );
    };
    await host.exec(attached.ns, "ip", "address", "add", "10.61.0.99/24", "dev", "eth0");
    const target = { protocol: "tcp", address: attached.ip4, port: 22, timeoutMs: 300 } as const;
    await host.echo(attached.ns, target);
    const listed = async () => flatRuleset(await host.exec(host.ns, "nft", "list", "ruleset")).toSorted();
    const before = await listed();
    expect([await spoofs(), await host.answers(host.ns, target)]).toEqual([false, false]);
    await host.exec(host.ns, "sh", "-c", command);
    const checked = await lab.check(attached);
    expect(JSON.parse(checked.stdout || "{}")).toMatchObject({ code: 109 });
    const next = await lab.add();
    expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    expect([await spoofs(), await host.answers(host.ns, target)]).toEqual([false, false]);
    await lab.done("DEL", next);
    expect(await listed()).toEqual(before);
  });

  it("come back for all networks and published ports of the host with the next ADD", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const attached = [
      await lab.add({ runtimeConfig: publish("8080:7601/tcp", "127.0.0.1:8053:53/udp") }),
      await lab.add({ config: other, runtimeConfig: publish("[2001:db8::1]:8081:7601/tcp") }),
      await lab.add({ config: other }),
    ];
    const gone = await lab.add({ runtimeConfig: publish("8082:80/tcp") });
    await host.remove(gone.ns);
    const listed = () => host.exec(host.ns, "nft", "-s", "list", "ruleset");
    const before = await listed();
    await host.exec(host.ns, "nft", "flush", "ruleset");
    await lab.add({ id: "late", config: { ...dual, name: "third", ipam: { subnet: "10.63.0.0/24" } } });
    for (const each of attached) expect(await lab.check(each)).toMatchObject({ exitCode: 0 });
    await lab.done("DEL", { id: "late", config: { name: "third" } });
    await lab.done("GC", { config: { name: "third", "cni.dev/valid-attachments": [] } });
    await lab.done("DEL", gone);
    // As it was, save for what was of the container that is gone.
    const lines = (text: string) => {
      const parts = text.split(/[\n,]/).map((line) => line.trim().replace(/^elements = \{ | \}$/g, ""));
      return parts
        .filter((line) => line !== "" && !line.includes("tcp . 8082") && !line.includes(`nat/${gone.id}/`))
        .sort();
    };
    expect(lines(await listed())).toEqual(lines(before));
    expect(await listed()).not.toContain("tcp . 8082");
  });

  it.each([
    "nft flush ruleset",
    "nft flush table inet vswitch",
    "nft delete table inet vswitch",
    "nft delete table bridge vswitch",
    "ip link delete vsw-nat",
  ])("need not be there for DEL: %s", async (command) => {
    await using lab = await createLab();
    const { host } = lab;
    const attached = [
      await lab.add({ runtimeConfig: publish("8080:80/tcp", "8053:53/udp") }),
      await lab.add({ config: other, runtimeConfig: publish("8081:80/tcp") }),
    ];
    await host.exec(host.ns, "sh", "-c", command);
    for (const each of attached) await lab.done("DEL", each);
    expect(lab.rows().filter((row) => !row.startsWith("networks"))).toEqual([]);
    expect(await host.exec(host.ns, "ip", "-br", "link", "show", "type", "veth")).not.toContain("vp-");
    for (const config of [dual, other])
      await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
    expect(await host.exec(host.ns, "nft", "list", "ruleset")).toBe("");
    expect(await host.exec(host.ns, "ip", "-br", "link")).not.toContain("vsw-");
  });

  it("of one published port are missed by CHECK when somebody removes them, and DEL goes on", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot(lab.everything);
    const attached = await lab.add({ runtimeConfig: publish("8080:80/tcp", "127.0.0.1:8081:81/udp") });
    expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    await host.exec(host.ns, "nft", "delete element inet vswitch published4_any { tcp . 8080 }");
    const checked = await lab.check(attached);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      code: 109,
      msg: expect.stringContaining("tcp . 8080"),
    });
    await lab.done("DEL", attached);
    expect(await host.changes(before, lab.everything)).toBe("");
  });

  it("of a port that somebody else's element took are left to him", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const attached = await lab.add({ runtimeConfig: publish("8080:80/tcp") });
    const nft = (words: string) => host.exec(host.ns, "nft", words);
    await nft("delete element inet vswitch published4_any { tcp . 8080 }");
    await nft("add element inet vswitch published4_any { tcp . 8080 : 10.61.0.99 . 99 }");
    expect(await lab.check(attached)).toMatchObject({ exitCode: 1 });
    await lab.done("DEL", attached);
    expect(await nft("list map inet vswitch published4_any")).toContain("10.61.0.99 . 99");
  });
});
