import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, dual, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

describe.skipIf(reason !== undefined)(`addresses on a nat network${reason ? ` (${reason})` : ""}`, () => {
  it("are those the runtime asks for: capability above args above CNI_ARGS", async () => {
    await using lab = await createLab();
    const [config, args] = [dual, "IgnoreUnknown=1;IP=10.61.0.30"];
    const inArgs = { ...config, args: { cni: { ips: ["10.61.0.40", "fd00:61::40"] } } };
    const a = await lab.add({ config, args });
    expect(a.ip4).toBe("10.61.0.30");
    const b = await lab.add({ config: inArgs, args });
    expect([b.ip4, b.ip6]).toEqual(["10.61.0.40", "fd00:61::40"]);
    const runtimeConfig = { ips: ["10.61.0.50/24", "fd00:61::50/64"] };
    const c = await lab.add({ config: inArgs, args, runtimeConfig });
    expect([c.ip4, c.ip6]).toEqual(["10.61.0.50", "fd00:61::50"]);
    for (const to of [a.ip4, b.ip6, c.gateway6]) expect(await lab.host.answersPing(c.ns, to), to).toBe(true);
  });

  it("come with the MAC the runtime asks for: capability above args above CNI_ARGS", async () => {
    await using lab = await createLab();
    const args = "IgnoreUnknown=1;MAC=02:00:00:00:00:0A";
    const config = { ...dual, args: { cni: { mac: "02:00:00:00:00:0b" } } };
    const runtimeConfig = { mac: "02:00:00:00:00:0c" };
    const macs = [
      await lab.add({ args }),
      await lab.add({ args, config }),
      await lab.add({ args, config, runtimeConfig }),
    ].map((attached) => attached.result.interfaces[2]?.mac);
    expect(macs).toEqual(["02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"]);
    const last = await lab.add({ runtimeConfig: { mac: "02:00:00:00:00:0d" } });
    expect(await lab.host.exec(last.ns, "ip", "link", "show", "eth0")).toContain("02:00:00:00:00:0d");
    expect(await lab.host.answersPing(last.ns, last.gateway4)).toBe(true);
    const refused = await lab.refused("ADD", {
      id: "x",
      netns: (await lab.host.compartment()).path,
      config: dual,
      runtimeConfig: { mac: "01:00:00:00:00:0d" },
    });
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.msg + refused.details).toContain("01:00:00:00:00:0d");
  });

  it("change when a container comes back under its name, but its MAC does not", async () => {
    await using lab = await createLab();
    const first = await lab.add({ id: "db" });
    await lab.done("DEL", first);
    const again = await lab.add({ id: "db" });
    expect(again.result.interfaces[2]?.mac).toBe(first.result.interfaces[2]?.mac);
    expect(again.ip4).not.toBe(first.ip4);
  });

  it("come with the DNS of the runtime, else of the configuration, else of the ipam", async () => {
    await using lab = await createLab();
    const resolv = `${lab.host.dir}/resolv.conf`;
    await Bun.write(resolv, "nameserver 192.0.2.53\nsearch ipam.example\n");
    const ipam = { ...dual.ipam, resolvConf: resolv };
    const dns = { nameservers: ["192.0.2.54"], search: ["conf.example"] };
    const runtimeConfig = {
      dns: { servers: ["192.0.2.55"], searches: ["runtime.example"], options: ["ndots:3"] },
    };
    const [ofIpam, ofConfig, ofRuntime] = [
      await lab.add({ config: { ipam } }),
      await lab.add({ config: { ipam, dns } }),
      await lab.add({ config: { ipam, dns }, runtimeConfig }),
    ];
    expect(ofIpam.result.dns).toMatchObject({ nameservers: ["192.0.2.53"], search: ["ipam.example"] });
    expect(ofConfig.result.dns).toMatchObject(dns);
    expect(ofRuntime.result.dns).toMatchObject({
      nameservers: ["192.0.2.55"],
      search: ["runtime.example"],
      options: ["ndots:3"],
    });
  });

  it("come from a /20 of 172.16.0.0/12 that no route of the host overlaps, when nobody names one", async () => {
    await using lab = await createLab();
    const { host } = lab;
    // All but one of the 256 candidates are routed elsewhere: 172.31.96.0/20 is left.
    for (const prefix of [
      "172.16.0.0/13",
      "172.24.0.0/14",
      "172.28.0.0/15",
      "172.30.0.0/16",
      "172.31.0.0/18",
    ])
      await host.exec(host.ns, "ip", "route", "add", prefix, "via", uplink.outside4);
    for (const prefix of ["172.31.64.0/19", "172.31.112.0/20", "172.31.128.0/17"])
      await host.exec(host.ns, "ip", "route", "add", prefix, "via", uplink.outside4);
    const first = await lab.add({ config: {} });
    expect(first.result.ips[0]?.address).toBe("172.31.96.2/20");
    expect(first.gateway4).toBe("172.31.96.1");
    expect(await host.answersPing(first.ns, uplink.outside4)).toBe(true);
    const refused = await lab.refused("ADD", {
      id: "x",
      netns: (await host.compartment()).path,
      config: { name: "second" },
    });
    expect(refused).toMatchObject({ code: 102 });
    expect(refused.msg).toContain("second");
  });

  it("keep that /20 when the network was empty meanwhile, and differ from network to network", async () => {
    await using lab = await createLab();
    const prefixOf = (address = "") => address.split(".").slice(0, 2).join(".");
    const first = await lab.add({ config: {} });
    const other = await lab.add({ config: { name: "other", reachable: true } });
    expect(other.gateway4).not.toBe(first.gateway4);
    await lab.done("DEL", first);
    await lab.done("GC", { config: { "cni.dev/valid-attachments": [] } });
    const later = await lab.add({ config: {} });
    expect(prefixOf(later.gateway4)).toBe(prefixOf(first.gateway4));
    expect(later.gateway4).toBe(first.gateway4);
    // It is the network's own again, so its own route is no obstacle.
    expect(await lab.host.answersPing(later.ns, other.ip4)).toBe(true);
  });
});
