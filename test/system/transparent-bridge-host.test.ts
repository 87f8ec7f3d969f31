import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import { binDir, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";
import { toolPath } from "./run-program.ts";
import { startSteady } from "./steady.ts";

const reason = whyNoNat();
const config = lanWith({ switch: "bridge" });
const empty = { config: { ...config, "cni.dev/valid-attachments": [] } };
const bridge = "vsw-transparent";

/** All that a host may have on an interface. */
const much = `
  ip address add 192.0.2.77/24 dev eth0
  ip address add 203.0.113.5/28 brd + dev eth0 label eth0:web
  ip address add 203.0.113.20/27 dev eth0 valid_lft 5000 preferred_lft 4000
  ip address add 198.51.100.9/24 dev eth0 noprefixroute scope link
  ip address add 10.7.0.1 peer 10.7.0.2/32 dev eth0
  ip address add 10.8.0.1/24 dev eth0 metric 77
  ip address add fd00:9::1/64 dev eth0 nodad noprefixroute
  ip address add fd00:10::1/64 dev eth0 nodad valid_lft 5000 preferred_lft 0
  sysctl -qw net.ipv6.conf.eth0.accept_dad=0
  ip address add fd00:11::1/64 dev eth0 metric 99
  sysctl -qw net.ipv6.conf.eth0.accept_dad=1
  ip route add default via 192.0.2.3 dev eth0 metric 500 mtu 1400 advmss 1000 initcwnd 7
  ip route add 10.20.0.0/16 via 192.0.2.2 src 192.0.2.77 proto static
  ip route add 10.21.0.0/16 via 172.31.255.1 dev eth0 onlink
  ip route add 10.22.0.0/16 dev eth0 scope link tos 0x10
  ip route add 10.23.0.0/16 nexthop via 192.0.2.2 weight 2 nexthop via 192.0.2.3 weight 5
  ip route add default via 192.0.2.2 table 100
  ip route add 192.0.2.0/24 dev eth0 src 192.0.2.1 table 100
  ip route add local 10.24.0.0/16 dev eth0
  ip route add 10.25.0.0/16 dev eth1 src 192.0.2.1
  ip route del 203.0.113.0/28 dev eth0
  ip address add 10.26.0.1/24 dev eth0
  ip route add 10.27.0.0/16 via 10.26.0.2
  ip address del 10.26.0.1/24 dev eth0
  ip address add fd00:26::1/64 dev eth0 nodad
  ip -6 route add fd00:27::/48 via fd00:26::2
  ip address del fd00:26::1/64 dev eth0
  ip -6 route add default via 2001:db8::3 dev eth0 metric 2000 pref high
  ip -6 route add fd00:20::/48 via 2001:db8::2 expires 3000
  ip -6 route add fd00:21::/48 nexthop via 2001:db8::2 dev eth0 nexthop via 2001:db8::3 dev eth0
  ip -6 route add fd00:22::/48 via fe80::2 dev eth0 table 1000 src 2001:db8::1
  ip neighbour add 192.0.2.50 lladdr 02:00:00:00:00:50 dev eth0 nud permanent
  ip neighbour add 2001:db8::50 lladdr 02:00:00:00:00:51 dev eth0 nud permanent protocol static
  ip neighbour add proxy 192.0.2.60 dev eth0
  sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth0.arp_ignore=1 net.ipv6.conf.eth0.accept_ra=2`;

async function muchOn(lab: NatLab): Promise<void> {
  const { host } = lab;
  await host.exec(
    host.ns,
    "sh",
    "-ec",
    "ip link add eth1 type veth peer name eth1x; for one in eth1 eth1x; do ip link set $one addrgenmode none; ip link set $one up; done",
  );
  await host.exec(host.ns, "sh", "-ec", much);
}

const hundreds = (text: string): string =>
  text.replace(
    /(valid_lft|preferred_lft|expires) (\d+)sec/g,
    (_, word, s) => `${word} ${Math.round(s / 100) * 100}sec`,
  );

/** Routes of all tables as if there were no bridge, save those of the kernel's own groups. */
async function routes({ host }: NatLab): Promise<readonly string[]> {
  const listed = await host.exec(
    host.ns,
    "sh",
    "-ec",
    "ip -4 route show table all; ip -6 route show table all",
  );
  // The ways of one route stand on lines of their own.
  const text = listed.replaceAll(bridge, "eth0");
  const whole = hundreds(text).replace(/\n\s+nexthop/g, " nexthop");
  return whole
    .split("\n")
    .filter((line) => !/^(multicast|anycast)/.test(line))
    .sort();
}

/** Addresses with life times and labels, neighbours, and how the kernel makes a link-local address. */
async function rest({ host }: NatLab, device: string): Promise<string> {
  const script = `ip address show dev ${device} | tail -n +3; ip -d link show dev ${device} | grep -o 'addrgenmode [a-z]*';
    ip neighbour show nud permanent dev ${device}; ip neighbour show proxy dev ${device};
    grep . /proc/sys/net/ipv4/conf/${device}/rp_filter /proc/sys/net/ipv4/conf/${device}/arp_ignore /proc/sys/net/ipv6/conf/${device}/accept_ra`;
  return hundreds(await host.exec(host.ns, "sh", "-c", script));
}

describe.skipIf(reason !== undefined)(
  `what the host has on its uplink${reason ? ` (${reason})` : ""}`,
  () => {
    it("moves to the bridge with all its attributes, and back", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      await muchOn(lab);
      const before = await host.snapshot();
      const [routesBefore, restBefore] = [await routes(lab), await rest(lab, "eth0")];
      const a = await lab.add();
      const asBefore = (text: string): string => text.replaceAll(bridge, "eth0");
      expect(await routes(lab)).toEqual(routesBefore);
      expect(asBefore(await rest(lab, bridge))).toBe(restBefore);
      expect(await host.exec(host.ns, "ip", "address", "show", "dev", "eth0")).not.toContain("inet");
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      expect(await routes(lab)).toEqual(routesBefore);
      expect(await rest(lab, "eth0")).toBe(restBefore);
      expect(await host.changes(before)).toBe("");
    });

    it("is there all the time: connections over the uplink go on when it moves, and when it comes back", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const all = [
        await startSteady(lab, host.outside, host.ns, uplink.host4),
        await startSteady(lab, host.outside, host.ns, uplink.host6),
        await startSteady(lab, host.ns, host.outside, uplink.outside4),
        await startSteady(lab, host.ns, host.outside, uplink.outside6),
      ];
      for (let i = 0; i < 5; i++) {
        const a = await lab.add();
        await lab.done("DEL", a);
        await lab.done("GC", empty);
      }
      const seen = await Promise.all(all.map((one) => one.seen()));
      console.log(
        `longest silence of each: ${seen.map(({ longestMs }) => longestMs.toFixed(0)).join(", ")} ms`,
      );
      for (const { answers, longestMs, lost } of seen) {
        expect(lost).toBe("");
        expect(answers).toBeGreaterThan(100);
        // A packet that is lost is sent again after 200 ms, and once more after 400.
        expect(longestMs).toBeLessThan(1000);
      }
    });

    it("includes what it has from router advertisements, which go on on the bridge and after it", async ({
      skip,
    }) => {
      skip(Bun.which("dnsmasq", { PATH: toolPath }) === null, "the program dnsmasq is not installed");
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const slaac = /inet6 (2001:db8:0?:?[0-9a-f:]*ff:fe[0-9a-f:]+)\/64 .*dynamic/;
      const defaults = (device: string) =>
        host.exec(host.ns, "ip", "-6", "route", "show", "default", "dev", device);
      await host.exec(host.ns, "ip", "-6", "route", "del", "default");
      await host.exec(host.ns, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=1");
      const monitor = host.start(host.ns, ["ip", "-6", "monitor", "address", "route"]);
      const learnt = (device: string) => (line: string) =>
        new RegExp(`^default via fe80::2 dev ${device} proto ra metric 1024 `).test(line);
      const range = "--dhcp-range=2001:db8::,ra-only,64,600";
      host.start(host.outside, [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--pid-file=",
        "--port=0",
        "--interface=eth0",
        "--enable-ra",
        range,
      ]);
      await monitor.line(learnt("eth0"), "router advertisement on the uplink", 20_000);
      const ready = (line: string) => slaac.test(line) && !line.includes("tentative");
      const [, own = ""] = slaac.exec(await monitor.line(ready, "address of the router's prefix")) ?? [];
      expect(own).not.toBe("");
      const a = await lab.add();
      expect(a.call).toBeUndefined();
      expect(await host.exec(host.ns, "ip", "address", "show", "dev", bridge)).toContain(`${own}/64`);
      expect(await defaults(bridge)).toMatch(/^default via fe80::2 proto ra metric 1025 expires \d+sec/m);
      expect(await defaults("eth0")).toBe("");
      expect(await host.answersPing(host.outside, own)).toBe(true);
      // The bridge asks for routers by itself, and goes on as the uplink did.
      await monitor.line(learnt(bridge), "router advertisement on the bridge", 20_000);
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      expect(await host.exec(host.ns, "ip", "address", "show", "dev", "eth0")).toMatch(slaac);
      expect(await defaults("eth0")).toMatch(/^default via fe80::2 proto ra metric 1025 /m);
      expect(await host.exec(host.ns, "ip", "-6", "route")).not.toContain(bridge);
      expect(await host.answersPing(host.outside, own)).toBe(true);
      await host.exec(host.ns, "ip", "-6", "route", "flush", "default");
      const again = monitor.lines.length;
      await host.exec(
        host.ns,
        "sh",
        "-ec",
        "ip address del fe80::1/64 dev eth0; ip address add fe80::1/64 dev eth0 nodad",
      );
      await monitor.line(
        () => monitor.lines.slice(again).some(learnt("eth0")),
        "router advertisement on the uplink again",
        20_000,
      );
    });

    it.each(["ADD", "GC"] as const)(
      "is put back from the journal by the next %s, when a takeover broke off with something refused",
      async (next) => {
        await using lab = await createLanLab({ config });
        const { host } = lab;
        const before = await host.snapshot();
        const a = await lab.add();
        await lab.done("DEL", a);
        // As a kernel leaves it that refuses these, and a process that is killed before it has put all back.
        const script = `ip link set ${bridge} alias "$(ip link show dev ${bridge} | sed -n 's/.*alias //p') taking"
          ip route del default; ip address del ${uplink.host6}/64 dev ${bridge}`;
        await host.exec(host.ns, "sh", "-ec", script);
        if (next === "ADD") {
          const b = await lab.add();
          expect(await host.answersPing(host.outside, uplink.host6)).toBe(true);
          expect(await host.exec(host.ns, "ip", "route")).toContain("default via 192.0.2.2");
          await lab.done("DEL", b);
        }
        await lab.done("GC", empty);
        expect(await host.changes(before)).toBe("");
      },
    );

    it("is said to need its DHCP client when an address of it is lent for a time", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const script = "ip address add 192.0.2.33/24 dev eth0 valid_lft 3600 preferred_lft 3600";
      await host.exec(host.ns, "sh", "-ec", script);
      const ns = await host.compartment();
      const first = await lab.call("ADD", { id: "a", netns: ns.path });
      expect(first.stderr).toMatch(
        /192\.0\.2\.33\/24 is lent to eth0 for 3\d\d\d s more: .*DHCP client .*point the client at vsw-transparent/,
      );
      const other = await host.compartment();
      const second = await lab.call("ADD", { id: "b", netns: other.path });
      expect([second.exitCode, second.stderr]).toEqual([0, ""]);
      await lab.done("DEL", { id: "a", netns: ns.path });
      await lab.done("DEL", { id: "b", netns: other.path });
      const third = await lab.call("ADD", { id: "b", netns: other.path });
      expect([third.exitCode, third.stderr]).toEqual([0, ""]);
    });

    it("is left with the host's other networks, in both directions", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const beside = natBeside(lab);
      const c = await beside.add();
      await host.echo(c.ns, { protocol: "tcp", address: "0.0.0.0", port: 80 });
      await host.echo(host.outside, { protocol: "tcp", address: uplink.outside4, port: 7000 });
      const works = async () => {
        const published = { protocol: "tcp", address: uplink.host4, port: 8080 } as const;
        expect((await host.ask(host.outside, published)).from).toBe(uplink.outside4);
        expect((await host.ask(host.ns, published)).data).toBe("ping");
        const out = await host.ask(c.ns, { protocol: "tcp", address: uplink.outside4, port: 7000 });
        expect(out.from).toBe(uplink.host4);
      };
      await works();
      const a = await lab.add();
      await works();
      // From one network of the host to the other, and back.
      expect(await host.answersPing(c.ns, a.ip4)).toBe(true);
      const published = { protocol: "tcp", address: uplink.host4, port: 8080 } as const;
      expect((await host.ask(a.ns, published)).data).toBe("ping");
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      await works();
    });
  },
);

/** A nat network of the same host with a published port, and the same state file. */
function natBeside(lab: NatLab) {
  const { host } = lab;
  return {
    async add() {
      const ns = await host.compartment("nat");
      const outcome = await host.plugin(join(binDir, "nat"), {
        verb: "ADD",
        env: {
          CNI_CONTAINERID: "natted",
          CNI_NETNS: ns.path,
          CNI_IFNAME: "eth0",
          CNI_PATH: binDir,
          VSWITCH_DATA_DIR: lab.dataDir,
        },
        stdin: {
          cniVersion: "1.1.0",
          name: "beside",
          type: "nat",
          ...dual,
          runtimeConfig: publish("8080:80/tcp"),
        },
      });
      if (outcome.exitCode !== 0) throw new Error(outcome.stdout);
      return { ns };
    },
  };
}
