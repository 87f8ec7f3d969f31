import { describe, expect, it } from "vitest";
import { type Client, createDhcpLab, type DhcpLab, whyNoDhcp } from "./dhcp-lab.ts";

const reason = whyNoDhcp();
/** Each test has a host of its own, and mostly waits. */
const atOnce = { concurrent: true };
const range = "--dhcp-range=10.9.0.10,10.9.0.19,2m";
/** Times of the lease that dnsmasq tells whatever its length is. */
const soon = ["--dhcp-option=option:T1,1", "--dhcp-option=option:T2,3"];

async function settled(lab: DhcpLab, id = "web"): Promise<Client & { readonly address: string }> {
  const client = await lab.client(id);
  const lease = client.obtain();
  await client.settle(lease);
  return { ...client, address: lease.address };
}

const stored = (lab: DhcpLab) => {
  const store = lab.store();
  try {
    return store.dhcp.list();
  } finally {
    store.close();
  }
};

describe.skipIf(reason)(`leases that the agent keeps${reason ? ` (${reason})` : ""}`, atOnce, () => {
  it("are renewed at T1 by the server itself, again and again, and after the agent began anew", async ({
    expect,
  }) => {
    await using lab = await createDhcpLab();
    await using server = await lab.dnsmasq(await lab.machine("server", "10.9.0.1/24"), range, ...soon);
    const web = await settled(lab);
    const requests = () => server.lines.filter((line) => line.includes("DHCPREQUEST")).length;
    {
      await using _ = await lab.agent();
      await expect.poll(requests, { timeout: 8000 }).toBeGreaterThan(2);
    }
    const before = requests();
    await using agent = await lab.agent();
    await expect.poll(requests, { timeout: 8000 }).toBeGreaterThan(before);
    expect(await web.addresses()).toEqual([web.address]);
    expect(agent.lines).toHaveLength(1);
    await expect.poll(() => stored(lab)[0]?.lease.obtainedMs ?? 0).toBeGreaterThan(Date.now() - 3000);
  });

  it("are kept by another server after the first one is gone", async ({ expect }) => {
    await using lab = await createDhcpLab();
    const first = await lab.dnsmasq(await lab.machine("first", "10.9.0.1/24"), range, ...soon);
    const web = await settled(lab);
    await first.stop();
    await using _agent = await lab.agent();
    await using second = await lab.dnsmasq(await lab.machine("second", "10.9.0.2/24"), range, ...soon);
    await second.line(
      (line) => line.includes(`DHCPACK(eth0) ${web.address.split("/")[0]}`),
      "its word",
      15_000,
    );
    await expect.poll(() => stored(lab)[0]?.lease.server).toBe("10.9.0.2");
    expect(await web.addresses()).toEqual([web.address]);
  });

  it("are given up when the server takes them back, and another one takes their place", async () => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    const first = await lab.dnsmasq(at, range, ...soon);
    const web = await settled(lab);
    await first.stop();
    await using _server = await lab.dnsmasq(at, "--dhcp-range=10.9.0.100,10.9.0.109,2m", ...soon);
    await using agent = await lab.agent();
    await agent.line((line) => line.includes(`${web.address}: the server took it back`), "what it lost");
    await agent.line((line) => /10\.9\.0\.10\d\/24: got/.test(line), "what it got");
    expect(await web.addresses()).toEqual([expect.stringMatching(/^10\.9\.0\.10\d\/24$/)]);
    const routes = await lab.host.exec(web.ns, "ip", "route", "show", "default");
    expect(routes).toContain("default via 10.9.0.1 dev eth0");
    expect(stored(lab).map(({ lease }) => lease.address)).toEqual(await web.addresses());
  });

  it("are given up when their time is over, and got anew when a server is there again", async () => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    const lines = ["start 10.9.0.10", "end 10.9.0.19", "option lease 3", "option subnet 255.255.255.0"];
    const first = await lab.udhcpd(at, ...lines);
    const web = await settled(lab);
    await first.stop();
    await using agent = await lab.agent();
    await agent.line((line) => line.includes(`${web.address}: it is over`), "its end");
    expect(await web.addresses()).toEqual([]);
    await using _second = await lab.udhcpd(at, ...lines);
    await agent.line((line) => line.includes("got"), "what it got", 20_000);
    expect(await web.addresses()).toHaveLength(1);
  });

  it("are given back when their container is gone without a word, or its endpoint", async ({ expect }) => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    await using server = await lab.dnsmasq(at, range);
    const [gone, removed, stays] = [
      await settled(lab, "gone"),
      await settled(lab, "removed"),
      await settled(lab, "stays"),
    ];
    await lab.host.remove(gone.ns);
    const store = lab.store();
    store.endpoints.remove(removed.key);
    store.close();
    await using _ = await lab.agent();
    for (const { address } of [gone, removed])
      await server.line((line) => line.includes(`DHCPRELEASE(eth0) ${address.split("/")[0]}`), address);
    await expect.poll(() => stored(lab).map(({ containerId }) => containerId)).toEqual(["stays"]);
    expect(lab.leases(at)).toContain(stays.address.split("/")[0]);
  });

  it("do not keep the state from others while a server is silent", async () => {
    await using lab = await createDhcpLab();
    const first = await lab.dnsmasq(await lab.machine("server", "10.9.0.1/24"), range, ...soon);
    await settled(lab);
    await first.stop();
    await using _ = await lab.agent();
    const store = lab.store();
    const slowest = { ms: 0 };
    const untilMs = performance.now() + 3000;
    while (performance.now() < untilMs) {
      const startedMs = performance.now();
      store.networks.put({ name: "n", kind: "nat", spec: startedMs });
      slowest.ms = Math.max(slowest.ms, performance.now() - startedMs);
      await Bun.sleep(20);
    }
    store.close();
    expect(slowest.ms).toBeLessThan(500);
  });
});
