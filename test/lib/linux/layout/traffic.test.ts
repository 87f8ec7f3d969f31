import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import {
  directElement,
  natElement,
  publishedElement,
  switchElement,
} from "../../../../lib/linux/layout/element.ts";
import { encodeAdd, encodeDelete } from "../../../../lib/linux/layout/element-requests.ts";
import { flushChain } from "../../../../lib/netlink/nft/rule.ts";
import { type Protocol, whyNoSctp } from "../../../system/echo.ts";
import { uplink } from "../../../system/host.ts";
import { type Namespace, whyNoNamespaces } from "../../../system/namespaces.ts";
import { bridgeNetfilter, createNatHost, type NatHost, net } from "./nat-host.ts";

const reason = whyNoNamespaces();
const families = [
  {
    name: "IPv4",
    a: net.a4,
    gateway: net.gateway4,
    host: uplink.host4,
    outside: uplink.outside4,
    second: "192.0.2.9",
  },
  {
    name: "IPv6",
    a: net.a6,
    gateway: net.gateway6,
    host: uplink.host6,
    outside: uplink.outside6,
    second: "2001:db8::9",
  },
] as const;
const protocols = ["tcp", "udp", "sctp"] as const;
const noSctp = reason ?? whyNoSctp();

/** A test for each protocol; what the kernel lacks is skipped by name. */
function itFor(protocol: Protocol, title: string, run: () => Promise<void>): void {
  const why = protocol === "sctp" ? noSctp : undefined;
  it.skipIf(why !== undefined)(`${title}, ${protocol})${why === undefined ? "" : ` (${why})`}`, run);
}

/** Ports of the host: 8000 on every address, 8001 on one of them alone. All lead to port 80 of container a. */
const everywhere = 8000;
const oneAddress = 8001;

const elements = families.flatMap(({ a, host }) => [
  ...protocols.flatMap((protocol) => {
    const target = { protocol, address: ip(a), containerPort: 80 };
    return [
      publishedElement({ ...target, hostPort: everywhere }, "web"),
      publishedElement({ ...target, hostIp: ip(host), hostPort: oneAddress }, "web"),
    ];
  }),
]);

const network = [net.subnet4, net.subnet6].flatMap((text) => {
  const subnet = prefix(text);
  return [natElement(subnet, "network"), directElement(subnet, subnet, "network")];
});

for (const bridged of [false, true]) {
  const why =
    reason ?? (bridged && !existsSync(bridgeNetfilter) ? "the kernel has no br_netfilter" : undefined);
  const title = bridged ? "packets through the layout, bridged ones too" : "packets through the layout";
  describe.skipIf(why !== undefined)(`${title}${why ? ` (${why})` : ""}`, () => suite(bridged));
}

function suite(bridged: boolean): void {
  let made: NatHost;
  const ask = (from: Namespace, protocol: Protocol, address: string, port: number) =>
    made.host.ask(from, { protocol, address, port, message: "hello" });
  const answers = (from: Namespace, protocol: Protocol, address: string, port: number) =>
    made.host.answers(from, { protocol, address, port, timeoutMs: 300 });

  beforeAll(async () => {
    made = await createNatHost({
      bridged,
      // Where bridged packets pass the hooks of routed ones, two containers of a network are from a switch to itself.
      elements: [
        switchElement("vs0", "network"),
        { set: "reachable", key: ["vs0", "vs0"] },
        ...network,
        ...elements,
      ],
    });
    const { host, a } = made;
    await host.exec(host.ns, "ip", "address", "add", "192.0.2.9/24", "dev", "eth0");
    await host.exec(
      host.ns,
      "ip",
      "address",
      "add",
      "2001:db8::9/64",
      "dev",
      "eth0",
      "nodad",
      "preferred_lft",
      "0",
    );
    for (const protocol of protocols.filter((one) => one !== "sctp" || noSctp === undefined)) {
      for (const { a: address, outside } of families) {
        await host.echo(a, { protocol, address, port: 80 });
        await host.echo(host.outside, { protocol, address: outside, port: 7 });
      }
    }
  }, 60_000);
  afterAll(() => made?.[Symbol.asyncDispose]());

  for (const { name, a: address, gateway, host: hostIp, outside, second } of families) {
    for (const protocol of protocols) {
      itFor(protocol, `reach a published port from beyond, source kept (${name}`, async () => {
        const { host } = made;
        const answer = await ask(host.outside, protocol, hostIp, everywhere);
        expect(answer).toMatchObject({ from: outside, data: "hello" });
        expect(await answers(host.outside, protocol, second, everywhere)).toBe(true);
      });

      itFor(protocol, `reach a port published on one address there alone (${name}`, async () => {
        const { host } = made;
        expect((await ask(host.outside, protocol, hostIp, oneAddress)).from).toBe(outside);
        expect(await answers(host.outside, protocol, second, oneAddress)).toBe(false);
        expect(await answers(host.ns, protocol, second, oneAddress)).toBe(false);
      });

      itFor(protocol, `reach a published port from the host itself (${name}`, async () => {
        expect((await ask(made.host.ns, protocol, hostIp, everywhere)).data).toBe("hello");
      });

      itFor(
        protocol,
        `reach a published port from containers by way of the host, the publisher too (${name}`,
        async () => {
          for (const from of [made.a, made.b]) {
            expect((await ask(from, protocol, hostIp, everywhere)).from).toBe(gateway);
          }
        },
      );

      itFor(protocol, `leave the network with the address of the host (${name}`, async () => {
        expect((await ask(made.a, protocol, outside, 7)).from).toBe(hostIp);
      });

      itFor(protocol, `keep their source within the network (${name}`, async () => {
        const own = name === "IPv4" ? net.b4 : net.b6;
        expect((await ask(made.b, protocol, address, 80)).from).toBe(own);
      });
    }

    it(`that are echo requests stay with the host (${name})`, async () => {
      expect(await made.host.answersPing(made.host.outside, hostIp)).toBe(true);
      expect(await made.host.answersPing(made.a, outside)).toBe(true);
    });

    it(`keep their source towards an exception (${name})`, async () => {
      const { host, rules, a } = made;
      const subnet = name === "IPv4" ? net.subnet4 : net.subnet6;
      const bits = name === "IPv4" ? 32 : 128;
      const exception = directElement(prefix(subnet), prefix(`${outside}/${bits}`), "exception");
      // A new flow, since one that was translated before stays so.
      await host.exec(host.outside, "ip", "route", "add", subnet, "via", hostIp);
      rules.transaction(encodeAdd([exception]));
      expect((await ask(a, "tcp", outside, 7)).from).toBe(address);
      rules.transaction(encodeDelete([exception]));
      await host.exec(host.outside, "ip", "route", "delete", subnet);
      expect((await ask(a, "tcp", outside, 7)).from).toBe(hostIp);
    });

    it(`no longer reach a port that is not published any more (${name})`, async () => {
      const { host, rules } = made;
      const extra = publishedElement(
        { protocol: "tcp", hostPort: 8002, address: ip(address), containerPort: 80 },
        "for a moment",
      );
      expect(await answers(host.outside, "tcp", hostIp, 8002)).toBe(false);
      rules.transaction(encodeAdd([extra]));
      expect(await answers(host.outside, "tcp", hostIp, 8002)).toBe(true);
      rules.transaction(encodeDelete([extra]));
      expect(await answers(host.outside, "tcp", hostIp, 8002)).toBe(false);
    });
  }

  it("of an isolated network reach the gateway, not each other where they pass these hooks", async () => {
    const { host, rules, a, b } = made;
    const isolated = [{ set: "isolated", key: ["vs0", "vs0"] }] as const;
    rules.transaction(encodeAdd(isolated));
    expect(await answers(b, "tcp", net.a4, 80)).toBe(!bridged);
    expect(await answers(b, "tcp", net.a6, 80)).toBe(!bridged);
    expect(await host.answersPing(b, net.gateway4)).toBe(true);
    expect((await ask(a, "tcp", uplink.host4, everywhere)).from).toBe(net.gateway4);
    rules.transaction(encodeDelete(isolated));
    expect(await answers(b, "tcp", net.a4, 80)).toBe(true);
  });

  for (const protocol of protocols) {
    itFor(protocol, "reach a published port through 127.0.0.1, as if from the gateway (IPv4", async () => {
      expect((await ask(made.host.ns, protocol, "127.0.0.1", everywhere)).from).toBe(net.gateway4);
    });
  }

  it("to [::1] are refused at once, since the kernel cannot forward them", async () => {
    const asked = performance.now();
    await expect(ask(made.host.ns, "tcp", "::1", everywhere)).rejects.toThrow(/refused/i);
    expect(performance.now() - asked).toBeLessThan(1_500);
  });

  it("to a multicast group keep their source within the network", async () => {
    const { host, a, b } = made;
    await using seen = await host.capture(b, "eth0", "udp and dst host 239.1.2.3");
    const group = `UDP4-DATAGRAM:239.1.2.3:11,ip-multicast-if=${net.a4}`;
    await host.run(a, ["socat", "-u", "-", group], { input: "all" });
    expect(await seen.packet(/239\.1\.2\.3\.11/)).toContain(`${net.a4}.`);
  });

  it("from a container never reach 127/8 of the host, nor pretend to come from there", async () => {
    const { host, a, rules } = made;
    await host.echo(host.ns, { protocol: "udp", address: "127.0.0.3", port: 9 });
    const listen = `UDP-RECV:10,bind=${net.gateway4}`;
    const heard = host.start(host.ns, ["socat", "-d", "-d", "-u", listen, "STDOUT"]);
    await heard.line((line) => line.includes("starting data transfer"), "listener");
    // The kernel has a check of its own against false sources, which some hosts turn off.
    const settings = [
      "conf.all.accept_local=1",
      "conf.vs0.accept_local=1",
      "conf.all.rp_filter=0",
      "conf.vs0.rp_filter=0",
    ];
    await host.exec(host.ns, "sysctl", "-qw", ...settings.map((setting) => `net.ipv4.${setting}`));
    // A container with all rights in its own compartment, where 127.0.0.1 is on the wire.
    const script = `
      sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
      ip address del 127.0.0.1/8 dev lo
      ip address add 127.0.0.1/32 dev eth0
      ip address add 127.0.0.2/32 dev lo
      ip route add 127.0.0.3 via ${net.gateway4}`;
    await host.exec(a, "sh", "-ec", script);
    const tell = (word: string, source: string) =>
      host.run(a, ["socat", "-u", "-", `UDP:${net.gateway4}:10,bind=${source}`], { input: `${word}\n` });

    await tell("false", "127.0.0.2");
    await tell("honest", net.a4);
    await heard.line((line) => line === "honest", "packet with a true source");
    expect(heard.lines).not.toContain("false");
    expect(await answers(a, "udp", "127.0.0.3", 9)).toBe(false);

    // It is the guard that keeps them out, not a mistake in this test.
    rules.transaction([flushChain("inet", "vswitch", "loopback_guard")]);
    await tell("false", "127.0.0.2");
    await heard.line((line) => line === "false", "packet with a false source");
    expect(await answers(a, "udp", "127.0.0.3", 9)).toBe(true);
  });
}
