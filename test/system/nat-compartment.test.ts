import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createLab, dual, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** An ipam that takes the compartment away before it answers. */
const vanishing = `#!/bin/sh
cat > /dev/null
[ "$CNI_COMMAND" = ADD ] || exit 0
ip netns delete "$(basename "$CNI_NETNS")"
echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.67.0.9/24", "gateway": "10.67.0.1"}]}'
`;

describe.skipIf(reason !== undefined)(`compartments of a nat network${reason ? ` (${reason})` : ""}`, () => {
  it("with an interface of that name keep it as it is", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const ns = await host.compartment();
    await host.exec(ns, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other");
    await host.exec(ns, "ip", "address", "add", "10.9.9.9/24", "dev", "eth0");
    const [before, inside] = [await host.snapshot(lab.everything), await host.snapshot({}, ns)];
    const refused = await lab.refused("ADD", {
      id: "x",
      netns: ns.path,
      runtimeConfig: publish("8080:80/tcp"),
    });
    expect(refused).toMatchObject({ code: 101 });
    expect(refused.msg).toContain("eth0");
    expect(await host.changes(before, lab.everything)).toBe("");
    expect(await host.snapshot({}, ns)).toEqual(inside);
    // Nor does DEL of the failed attachment touch it.
    await lab.done("DEL", { id: "x", netns: ns.path });
    expect(await host.snapshot({}, ns)).toEqual(inside);
    await lab.add({ id: "x", ns, ifname: "eth1" });
  });

  it("attached twice under one name refuse the second ADD and leave the first working", async () => {
    await using lab = await createLab();
    const first = await lab.add({ id: "c", runtimeConfig: publish("8080:80/tcp") });
    const before = await lab.host.snapshot(lab.everything);
    const refused = await lab.refused("ADD", first);
    expect(refused).toMatchObject({ code: 101 });
    expect(refused.msg).toContain("nat/c/eth0");
    expect(await lab.host.changes(before, lab.everything)).toBe("");
    expect(await lab.check(first)).toMatchObject({ exitCode: 0 });
  });

  it("that are none are refused, and DEL and CHECK know what to do with them", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const file = (name: string) => `${host.dir}/${name}`;
    writeFileSync(file("plain"), "");
    mkdirSync(file("folder"));
    await host.exec(host.ns, "mkfifo", file("fifo"));
    const before = await host.snapshot(lab.everything);
    const paths = [file("absent"), file("plain"), file("folder"), file("fifo"), `${file("plain")}/x`];
    for (const netns of [...paths, "/dev/null", "/proc/self/ns/mnt", "/proc/self/ns/net", host.ns.path]) {
      const refused = await lab.refused("ADD", { id: "x", netns });
      expect({ netns, ...refused }).toMatchObject({ code: 100, msg: expect.stringContaining(netns) });
      await lab.done("DEL", { id: "x", netns });
    }
    expect(await host.changes(before, lab.everything)).toBe("");
  });

  it("that vanish during ADD fail it, and nothing is left", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const bin = `${host.dir}/bin`;
    mkdirSync(bin);
    writeFileSync(`${bin}/vanish`, vanishing);
    chmodSync(`${bin}/vanish`, 0o755);
    const before = await host.snapshot(lab.everything);
    const ns = await host.compartment("gone");
    const ask = {
      id: "x",
      netns: ns.path,
      config: { name: "fleeting", cniVersion: "1.0.0", ipam: { type: "vanish" } },
      runtimeConfig: publish("8080:80/tcp"),
      env: { CNI_PATH: bin },
    };
    const refused = await lab.refused("ADD", ask);
    expect(refused).toMatchObject({ code: 100 });
    expect(refused.msg).toContain(ns.path);
    await lab.done("DEL", ask);
    const changes = await host.changes(before, lab.everything);
    // Forwarding is the host's, and stays.
    expect(changes.split("\n").filter((line) => line !== "" && !/forwarding|sysctls/.test(line))).toEqual([]);
  });

  it("that are gone before DEL leave nothing on the host, and the address is free", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot(lab.everything);
    const container = await lab.add({ runtimeConfig: publish("8080:80/tcp", "8053:53/udp") });
    await host.remove(container.ns);
    for (const netns of [container.ns.path, "", "/proc/999999/ns/net"])
      await lab.done("DEL", { ...container, netns });
    await expect.poll(() => host.changes(before, lab.everything)).toBe("");
    const wanted = { ips: [container.ip4] };
    expect((await lab.add({ runtimeConfig: wanted })).ip4).toBe(container.ip4);
  });

  it("reused by another container keep that one's interface when the first one's DEL comes late", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const first = await lab.add({ id: "first" });
    await host.exec(first.ns, "ip", "link", "delete", "eth0");
    const second = await lab.add({ id: "second", ns: first.ns });
    await lab.done("DEL", first);
    expect(await lab.check(second)).toMatchObject({ exitCode: 0 });
    expect(await host.answersPing(second.ns, second.gateway4)).toBe(true);
  });

  it.each([
    ["removed", (ns: string) => `ip -n ${ns} link delete eth0`],
    ["renamed", (ns: string) => `ip -n ${ns} link set eth0 down name eth9`],
    ["moved to another compartment", (ns: string) => `ip -n ${ns} link set eth0 netns ${ns}-b`],
  ])("whose interface was %s by hand are cleaned by DEL", async (_, change) => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot(lab.everything);
    const container = await lab.add({ runtimeConfig: publish("8080:80/tcp") });
    await host.exec(host.ns, "ip", "netns", "add", `${container.ns.name}-b`);
    try {
      await host.exec(host.ns, "sh", "-c", change(container.ns.name));
      expect(await lab.check(container)).toMatchObject({ exitCode: 1 });
      await lab.done("DEL", container);
      expect(await host.changes(before, lab.everything)).toBe("");
      const left = await host.exec(host.ns, "ip", "-n", `${container.ns.name}-b`, "-br", "link");
      expect(left).not.toContain("eth0");
    } finally {
      await host.exec(host.ns, "ip", "netns", "delete", `${container.ns.name}-b`);
    }
  });

  it("are found by any path that leads to them", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const ns = await host.compartment();
    const link = `${host.dir}/a path with spaces`;
    await host.exec(host.ns, "ln", "-s", ns.path, link);
    const attached = await lab.add({ ns, netns: link, config: dual });
    expect(attached.result.interfaces[2]?.sandbox).toBe(link);
    expect(await host.answersPing(ns, attached.gateway4)).toBe(true);
    await lab.done("DEL", { ...attached, netns: ns.path });
    expect(lab.rows().filter((row) => row.startsWith("leases"))).toEqual([]);
  });
});
