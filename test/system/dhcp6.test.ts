import { describe, expect, it } from "vitest";
import { mac } from "../../lib/addr/mac.ts";
import { duid } from "../../lib/dhcp/client-id.ts";
import { obtainLease6, releaseLease6 } from "../../lib/dhcp/obtain-lease6.ts";
import type { Lease6 } from "../../lib/dhcp/v6/lease.ts";
import { openDhcpSocket } from "../../lib/linux/dhcp/open-dhcp-socket.ts";
import { awaitLinkLocal, awaitSlaac, enableSlaac } from "../../lib/linux/dhcp/slaac.ts";
import { linkOf } from "../../lib/linux/link-of.ts";
import { openCompartment } from "../../lib/linux/netns.ts";
import { readBootId } from "../../lib/state/boot-id.ts";
import type { DhcpRow } from "../../lib/state/rows.ts";
import { type Client, createDhcpLab, type DhcpLab, whyNoDhcp } from "./dhcp-lab.ts";

const reason = whyNoDhcp();
/** Each test has a host of its own, and mostly waits. */
const atOnce = { concurrent: true };
const stateful = [
  "--enable-ra",
  "--dhcp-range=fd09::10,fd09::1f,64,2m",
  "--dhcp-option=option6:dns-server,[fd09::53]",
];

/** The vNIC of a client, for IPv6. */
function open6(client: Client) {
  const place = openCompartment(client.ns.path);
  const link = linkOf(place.netlink, "eth0");
  if (link === undefined) throw new Error("no eth0");
  const linkLocal = awaitLinkLocal(place, link);
  const socket = openDhcpSocket(place, link.index, 6);
  const who = {
    mac: mac(client.mac),
    linkLocal,
    duid: duid(client.key),
    key: client.key,
    random: Math.random,
  };
  return {
    place,
    link,
    socket,
    who,
    obtain: (timeoutMs = 5000) => obtainLease6(socket, { ...who, link: "eth0", now: Date.now, timeoutMs }),
    [Symbol.dispose]() {
      socket.close();
      place.close();
    },
  };
}

const server = (lab: DhcpLab) => lab.machine("server", "fd09::1/64");

describe.skipIf(reason)(`IPv6 of the network itself${reason ? ` (${reason})` : ""}`, atOnce, () => {
  it("is got from router advertisements, with the default route", async () => {
    await using lab = await createDhcpLab();
    await using _ = await lab.dnsmasq(await server(lab), "--enable-ra", "--dhcp-range=fd09::,ra-only");
    const web = await lab.client("web");
    await lab.host.exec(web.ns, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=0");
    await lab.host.exec(web.ns, "ip", "-6", "route", "flush", "proto", "ra");
    using six = open6(web);
    enableSlaac(six.place, "eth0");
    const got = awaitSlaac(six.place, { index: six.link.index, name: "eth0" });
    expect(got.addresses).toEqual([expect.stringMatching(/^fd09::.*\/64$/)]);
    expect(got.gateway).toMatch(/^fe80::/);
  });

  it("is waited for no longer than it may be, and what is missing is told", async () => {
    await using lab = await createDhcpLab();
    using six = open6(await lab.client("web"));
    const place = { index: six.link.index, name: "eth0" };
    expect(() => awaitSlaac(six.place, place, 300)).toThrow(
      expect.objectContaining({
        code: 11,
        reason: "slaac-timeout",
        message:
          "get an IPv6 address for eth0 from router advertisements: no address and no default route after 0.3 s",
      }),
    );
    expect(() => six.obtain(300)).toThrow(
      /by DHCPv6 on eth0 .*: no lease in 0.3 s, asked once, no server answered/,
    );
  });

  it("is got from dnsmasq by DHCPv6, the same for the same owner, and given back", async () => {
    await using lab = await createDhcpLab();
    await using dnsmasq = await lab.dnsmasq(await server(lab), ...stateful);
    using six = open6(await lab.client("web"));
    const lease = six.obtain();
    expect(lease).toMatchObject({
      address: expect.stringMatching(/^fd09::1[0-9a-f]$/),
      dns: { nameservers: ["fd09::53"] },
    });
    expect(lease.expiresMs - lease.obtainedMs).toBe(120_000);
    expect(six.obtain().address).toBe(lease.address);
    releaseLease6(six.socket, lease, six.who);
    await dnsmasq.line((line) => line.includes("DHCPRELEASE"), "that it is free");
  });

  it("is kept by the agent, and given up when the server does not know it any more", async ({ expect }) => {
    await using lab = await createDhcpLab();
    const at = await server(lab);
    const first = await lab.dnsmasq(at, ...stateful);
    const web = await lab.client("web");
    using six = open6(web);
    const lease = six.obtain();
    await lab.host.exec(web.ns, "ip", "address", "add", `${lease.address}/128`, "dev", "eth0", "nodad");
    const soon: Lease6 = { ...lease, renewMs: Date.now() + 1000, rebindMs: Date.now() + 3000 };
    const row: DhcpRow = { ...web.endpoint(), clientId: duid(web.key), family: 6, lease: soon };
    const store = lab.store();
    store.endpoints.put({ ...row, phase: "ready", plan: null, bootId: readBootId(), createdMs: 1 });
    store.dhcp.put(row);
    const stored = () => store.dhcp.list()[0]?.lease;
    await using agent = await lab.agent();
    await first.line((line) => line.includes("DHCPRENEW"), "the question");
    await expect.poll(() => stored()?.renewMs).toBeGreaterThan(soon.rebindMs);
    expect(stored()?.address).toBe(lease.address);
    await first.stop();
    await using _second = await lab.dnsmasq(
      await lab.machine("second", "fd0a::1/64"),
      "--enable-ra",
      "--dhcp-range=fd0a::a0,fd0a::af,64,2m",
    );
    const now = Date.now();
    store.dhcp.put({ ...row, lease: { ...lease, renewMs: now, rebindMs: now } });
    await agent.line(
      (line) => line.includes(`${lease.address}/128: the server took it back`),
      "what it lost",
    );
    await agent.line((line) => /fd0a::a[0-9a-f]\/128: got/.test(line), "what it got");
    expect(stored()?.address).toMatch(/^fd0a::a/);
    const shown = await lab.host.exec(web.ns, "ip", "-6", "address", "show", "dev", "eth0");
    expect(shown).toContain(`${stored()?.address}/128`);
    expect(shown).not.toContain(`${lease.address}/128`);
    store.close();
  });
});
