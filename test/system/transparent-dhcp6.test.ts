import { describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { leasesAt, startDnsmasq, whyNoDhcp } from "./dhcp-lab.ts";
import { createLanLab } from "./lan-lab.ts";
import type { NatLab } from "./nat-lab.ts";

const reason = whyNoDhcp();
const range = "--dhcp-range=192.0.2.100,192.0.2.109,2m";
const asking = (ipv6: string) => ({ ipam: { type: "ipam", source: "dhcp", timeout: 8, ipv6 } });

/** The machine of the LAN serves both families, and advertises itself as the router. */
async function serve({ host }: NatLab, ...range6: readonly string[]): Promise<Child> {
  // The host is on the LAN too, and what it hears there is its own.
  await host.exec(host.ns, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=0");
  await host.exec(host.outside, "ip", "address", "add", "fd09::1/64", "dev", "eth0", "nodad");
  return startDnsmasq(host, host.outside, range, "--enable-ra", ...range6);
}

describe.skipIf(reason !== undefined)(`IPv6 beside DHCP${reason ? ` (${reason})` : ""}`, () => {
  it("comes by router advertisements, is told to the runtime, and reaches the LAN", async () => {
    await using lab = await createLanLab({ config: asking("slaac") });
    const { host } = lab;
    await using _ = await serve(lab, "--dhcp-range=fd09::,ra-only");
    const a = await lab.add();
    expect(a.result.ips.map(({ address }) => address)).toEqual([
      expect.stringMatching(/^192\.0\.2\.10\d\/24$/),
      expect.stringMatching(/^fd09::.*\/64$/),
    ]);
    expect(await host.answersPing(host.outside, a.ip6)).toBe(true);
    expect(await host.answersPing(a.ns, "fd09::1")).toBe(true);
    expect((await lab.check(a)).stdout).toBe("");
    expect(await host.exec(a.ns, "ip", "-6", "route", "show", "default")).toMatch(
      /^default via fe80::.* proto ra/,
    );
    await lab.done("DEL", a);
  });

  it("is lent by a server of DHCPv6, and goes back to it with DEL", async () => {
    await using lab = await createLanLab({ config: asking("dhcp") });
    const { host } = lab;
    await using server = await serve(
      lab,
      "--dhcp-range=fd09::10,fd09::1f,64,2m",
      "--dhcp-option=option6:dns-server,[fd09::53]",
    );
    const before = await host.snapshot();
    const a = await lab.add();
    expect(a.ip6).toMatch(/^fd09::1[0-9a-f]$/);
    expect(a.result.dns?.nameservers).toContain("fd09::53");
    expect(leasesAt(host, host.outside)).toContain(a.ip6);
    expect(await host.answersPing(host.outside, a.ip6)).toBe(true);
    expect((await lab.check(a)).stdout).toBe("");
    await lab.done("DEL", a);
    await server.line((line) => line.includes("DHCPRELEASE") && line.includes("00:"), "the end of the lease");
    expect(leasesAt(host, host.outside)).not.toContain(a.ip6);
    expect(await host.changes(before)).toBe("");
  });

  it("is missing: the ADD fails, says what is, and gives the IPv4 address back", async () => {
    const config = { ipam: { ...asking("slaac").ipam, timeout: 1 } };
    await using lab = await createLanLab({ config });
    const { host } = lab;
    await using server = await startDnsmasq(host, host.outside, range);
    const ns = await host.compartment();
    const before = await host.snapshot();
    const failed = await lab.refused("ADD", { id: "a", netns: ns.path, config });
    expect(failed).toMatchObject({
      code: 11,
      msg: expect.stringContaining("no address and no default route"),
    });
    await server.line((line) => line.includes("DHCPRELEASE(eth0)"), "what the ADD gave back");
    expect(await host.changes(before)).toBe("");
  });
});
