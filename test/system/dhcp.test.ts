import { describe, expect, it } from "vitest";
import { ip } from "../../lib/addr/ip.ts";
import { prefix } from "../../lib/addr/prefix.ts";
import { releaseLease } from "../../lib/dhcp/obtain-lease.ts";
import { openDhcpLink } from "../../lib/linux/dhcp/dhcp-link.ts";
import { openDhcpSocket } from "../../lib/linux/dhcp/open-dhcp-socket.ts";
import { inCompartment, openCompartment } from "../../lib/linux/netns.ts";
import { openNetlink } from "../../lib/linux/socket.ts";
import { connect } from "../../lib/netlink/connection.ts";
import { decodeLink } from "../../lib/netlink/route/decode-link.ts";
import { getLink } from "../../lib/netlink/route/link.ts";
import { addressOf, createDhcpLab, whyNoDhcp } from "./dhcp-lab.ts";

const reason = whyNoDhcp();
const range = "--dhcp-range=10.9.0.10,10.9.0.19,2m";

describe.skipIf(reason !== undefined)(`a lease by DHCP${reason ? ` (${reason})` : ""}`, () => {
  it("is got from dnsmasq, with routes, names and MTU, and is the same for the same owner", async () => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    await using _ = await lab.dnsmasq(
      at,
      range,
      "--domain=x.test",
      "--dhcp-option=option:dns-server,10.9.0.53,10.9.0.54",
      "--dhcp-option=option:domain-search,a.test,b.test",
      "--dhcp-option=26,1400",
      "--dhcp-option=121,10.5.0.0/16,10.9.0.7,0.0.0.0/0,10.9.0.1",
    );
    const web = await lab.client("web");
    const lease = web.obtain({ hostname: "web" });
    expect(lease).toMatchObject({
      address: expect.stringMatching(/^10\.9\.0\.1[0-9]\/24$/),
      gateway: "10.9.0.1",
      routes: [
        { destination: "10.5.0.0/16", gateway: "10.9.0.7" },
        { destination: "0.0.0.0/0", gateway: "10.9.0.1" },
      ],
      dns: { nameservers: ["10.9.0.53", "10.9.0.54"], domain: "x.test", search: ["a.test", "b.test"] },
      mtu: 1400,
      server: "10.9.0.1",
    });
    expect(lease.expiresMs - lease.obtainedMs).toBe(120_000);
    expect(lab.leases(at)).toMatch(new RegExp(`${web.mac} ${addressOf(lease)} web ff:`));
    expect(web.obtain().address).toBe(lease.address);
    expect(web.obtain({ known: ip(addressOf(lease)) }).address).toBe(lease.address);
    const job = await lab.client("job");
    expect(job.obtain().address).not.toBe(lease.address);
  });

  it("is got from udhcpd, with leases of seconds", async () => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    await using _ = await lab.udhcpd(
      at,
      "start 10.9.0.10",
      "end 10.9.0.19",
      "option lease 4",
      "option subnet 255.255.255.0",
      "option router 10.9.0.1",
      "option dns 10.9.0.53",
    );
    const web = await lab.client("web");
    const lease = web.obtain();
    expect(lease).toMatchObject({ gateway: "10.9.0.1", dns: { nameservers: ["10.9.0.53"] } });
    expect(lease.expiresMs - lease.obtainedMs).toBe(4000);
  });

  it("that one would like to have is given where it is free", async () => {
    await using lab = await createDhcpLab();
    await using _ = await lab.dnsmasq(await lab.machine("server", "10.9.0.1/24"), range);
    const [web, job] = [await lab.client("web"), await lab.client("job")];
    expect(addressOf(web.obtain({ requested: ip("10.9.0.17") }))).toBe("10.9.0.17");
    expect(addressOf(job.obtain({ requested: ip("10.9.0.17") }))).not.toBe("10.9.0.17");
  });

  it("that is refused is followed by another one", async () => {
    await using lab = await createDhcpLab();
    await using server = await lab.dnsmasq(await lab.machine("server", "10.9.0.1/24"), range);
    const web = await lab.client("web");
    expect(addressOf(web.obtain({ known: ip("10.77.0.5") }))).toMatch(/^10\.9\.0\.1/);
    await server.line((line) => line.includes("DHCPNAK"), "its refusal");
  });

  it("of an address that somebody has is declined, and the server is told", async () => {
    await using lab = await createDhcpLab();
    await using server = await lab.dnsmasq(await lab.machine("server", "10.9.0.1/24"), range);
    const web = await lab.client("web");
    const seen: string[] = [];
    const lease = web.obtain({ isTaken: (address) => seen.push(address) === 1 });
    expect(seen).toEqual([expect.any(String), addressOf(lease)]);
    expect(seen[0]).not.toBe(seen[1]);
    await server.line((line) => line.includes(`DHCPDECLINE(eth0) ${seen[0]}`), "what it was told");
  });

  it("is not to be had without a server: that takes no longer than it may, and says what was tried", async () => {
    await using lab = await createDhcpLab();
    const web = await lab.client("web");
    const started = performance.now();
    expect(() => web.obtain({ timeoutMs: 1500 })).toThrow(
      expect.objectContaining({
        code: 11,
        reason: "dhcp-timeout",
        message: `get an address by DHCP on eth0 (${web.mac}): no lease in 1.5 s, asked 2 times, no server answered`,
      }),
    );
    expect(performance.now() - started).toBeGreaterThan(1400);
    expect(performance.now() - started).toBeLessThan(2500);
  });

  it("is not to be had of a server that has none left", async () => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    await using _ = await lab.dnsmasq(at, "--dhcp-range=10.9.0.10,10.9.0.10,2m");
    const [web, job] = [await lab.client("web"), await lab.client("job")];
    const lease = web.obtain();
    expect(() => job.obtain({ timeoutMs: 1500 })).toThrow(/no server answered/);
    releaseLease(web.socket, lease, { mac: web.mac, clientId: web.row(lease).clientId, random: Math.random });
    expect(job.obtain().address).toBe(lease.address);
  });

  it("is given back from the host when the compartment is gone", async () => {
    await using lab = await createDhcpLab();
    const at = await lab.machine("server", "10.9.0.1/24");
    await using server = await lab.dnsmasq(at, range);
    const web = await lab.client("web");
    const lease = web.obtain();
    await lab.host.remove(web.ns);
    const host = openCompartment(lab.host.ns.path);
    const index = inCompartment(host, () => {
      const netlink = connect(openNetlink("route"));
      const [link] = netlink.request(getLink("lan0")).map(decodeLink);
      netlink.close();
      return link?.index ?? 0;
    });
    const socket = openDhcpSocket(host, index);
    releaseLease(socket, lease, { mac: web.mac, clientId: web.row(lease).clientId, random: Math.random });
    await server.line((line) => line.includes(`DHCPRELEASE(eth0) ${addressOf(lease)}`), "that it is free");
    expect(lab.leases(at)).not.toContain(addressOf(lease));
    socket.close();
    host.close();
  });

  it("is asked for by a socket that queues nothing else of a busy network", async () => {
    await using lab = await createDhcpLab();
    const web = await lab.client("web");
    const noisy = await lab.machine("noisy", "10.9.0.200/24");
    const flood = "yes | head -c 100000 | socat -u -b 100 - UDP4-DATAGRAM:10.9.0.255:$1,broadcast";
    const queued = async (port: string) => {
      await lab.host.exec(noisy, "sh", "-c", flood, "sh", port);
      // Columns of /proc/net/packet: the sixth but one is what waits in the queue, in bytes.
      const [, line = ""] = (await lab.host.exec(web.ns, "cat", "/proc/net/packet")).split("\n");
      return Number(line.trim().split(/\s+/)[6]);
    };
    expect(await queued("9999")).toBe(0);
    expect(await queued("68")).toBeGreaterThan(0);
    expect(() => web.obtain({ timeoutMs: 200 })).toThrow(/no server answered/);
  });

  it("comes to the vNIC though the server says an MTU that it cannot have", async () => {
    await using lab = await createDhcpLab();
    const { ns } = await lab.client("web");
    const link = openDhcpLink(ns.path, "eth0", 4);
    try {
      link?.apply(undefined, { address: prefix("10.9.0.77/24"), routes: [], mtu: 70_000 });
    } finally {
      link?.close();
    }
    expect(await lab.host.exec(ns, "ip", "address", "show", "dev", "eth0")).toMatch(
      /mtu 1500 .*10\.9\.0\.77\/24/s,
    );
  });
});
