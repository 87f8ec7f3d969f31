/** T104 to T113: published ports and other capabilities. */
import { whyNoSctp } from "../../system/echo.ts";
import { uplink } from "../../system/host.ts";
import type { Namespace } from "../../system/namespaces.ts";
import { hostPart } from "../address.ts";
import type { Attachment, Context } from "../context.ts";
import { expectError, expectResult, shown } from "../expect.ts";
import { expectReal } from "../kernel.ts";
import { pools, secondNetwork, subnets } from "../pools.ts";
import { ipOf, ipsOf } from "../result-view.ts";
import { always, every, must, needs, type Scenario } from "../scenario.ts";

const mapping = { hostPort: 8080, containerPort: 80, protocol: "tcp" } as const;

export const portScenarios: readonly Scenario[] = [
  {
    id: "T104a",
    title: "`portMappings` null, [] and with hostPort 0 publish nothing and are no error",
    applies: needs("ports"),
    run: async (context) => {
      for (const portMappings of [null, [], [{ ...mapping, hostPort: 0 }]]) {
        const attachment = await context.attach({ runtimeConfig: { portMappings } });
        await expectReal(context.host, attachment);
        await context.detach(attachment);
      }
    },
  },
  {
    id: "T104b",
    title: "Keys in upper camel case and protocols in capitals publish the port too",
    applies: needs("ports"),
    run: async (context) => {
      const camel = { HostPort: 8080, ContainerPort: 80, Protocol: "TCP", HostIP: "" };
      const attachment = await published(context, [camel]);
      await reach(context, context.host.outside, uplink.host4, ipOf(attachment));
    },
  },
  {
    id: "T104c",
    title: "A protocol, port or address that cannot be is an error, and ADD leaves nothing",
    applies: needs("ports"),
    run: async (context) => {
      const before = await context.warm();
      const wrong = [
        { protocol: "icmp" },
        { hostPort: 70000 },
        { containerPort: undefined },
        { hostIP: "nonsense" },
      ];
      for (const change of wrong) {
        const portMappings = [{ ...mapping, ...change }];
        const outcome = await context.call("ADD", await context.key({ runtimeConfig: { portMappings } }));
        must(outcome.exitCode !== 0, `${JSON.stringify(change)} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [2, 6, 7, "own"] });
        await context.unchanged(before, `after ${JSON.stringify(change)} was refused`);
      }
    },
  },
  {
    id: "T105a",
    title:
      "A port that another container has is an error that names it; the other keeps it and nothing is left",
    applies: needs("ports"),
    run: async (context) => {
      const first = await published(context, [mapping]);
      const before = await context.snapshot();
      const outcome = await context.call(
        "ADD",
        await context.key({ runtimeConfig: { portMappings: [mapping] } }),
      );
      must(outcome.exitCode !== 0, `two containers have the port: ${shown(outcome)}`);
      expectError(context.subject, outcome, { codes: [7, "own"], names: ["8080"] });
      await context.unchanged(before, "after the ADD that failed");
      await reach(context, context.host.outside, uplink.host4, ipOf(first));
    },
  },
  {
    id: "T105b",
    title: "The same port number on another host address or for another protocol is no conflict",
    applies: needs("ports"),
    run: async (context) => {
      const { host } = context;
      await host.exec(host.ns, "ip", "address", "add", "192.0.2.8/24", "dev", "eth0");
      const first = await published(context, [{ ...mapping, hostIP: uplink.host4 }]);
      const second = await published(context, [{ ...mapping, hostIP: "192.0.2.8" }]);
      await reach(context, host.outside, uplink.host4, ipOf(first));
      await reach(context, host.outside, "192.0.2.8", ipOf(second));
      const third = await context.attach({
        runtimeConfig: { portMappings: [{ ...mapping, protocol: "udp" }] },
      });
      await host.echo(third.ns, { protocol: "udp", address: ipOf(third), port: 80 });
      await host.ask(host.outside, { protocol: "udp", address: uplink.host4, port: 8080 });
    },
  },
  ...Object.entries({
    "a machine beyond the host": ({ host }: Context) => [host.outside, uplink.host4] as const,
    "the host by its own address": ({ host }: Context) => [host.ns, uplink.host4] as const,
    "the host by 127.0.0.1": ({ host }: Context) => [host.ns, "127.0.0.1"] as const,
    "the container itself": (_context: Context, own: Namespace) => [own, uplink.host4] as const,
  }).map(
    ([from, pathOf], at): Scenario => ({
      id: `T106${"abcd"[at]}`,
      title: `A published port answers ${from}`,
      applies: needs("ports"),
      run: async (context) => {
        const attachment = await published(context, [mapping]);
        const [client, address] = pathOf(context, attachment.ns);
        await reach(context, client, address, ipOf(attachment));
      },
    }),
  ),
  {
    id: "T106e",
    title: "A published port answers another container of the network and one of another network",
    applies: needs("ports", "pools"),
    run: async (context) => {
      const attachment = await published(context, [mapping]);
      const neighbour = await context.attach();
      const stranger = await context.attach({
        network: "net2",
        config: secondNetwork(context.subject.config),
      });
      await reach(context, neighbour.ns, uplink.host4, ipOf(attachment));
      await reach(context, stranger.ns, uplink.host4, ipOf(attachment));
    },
  },
  {
    id: "T106f",
    title: "A published port answers over IPv6 too",
    applies: needs("ports", "ipv6"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.dual);
      const attachment = await context.attach({ config, runtimeConfig: { portMappings: [mapping] } });
      const ip = hostPart(ipsOf(attachment.result).find((row) => row.address.includes(":"))?.address ?? "");
      await context.host.echo(attachment.ns, { protocol: "tcp", address: "::", port: 80 });
      await reach(context, context.host.outside, uplink.host6, ip);
    },
  },
  {
    id: "T106g",
    title: "A published SCTP port answers a machine beyond the host",
    applies: every(needs("ports"), () => whyNoSctp() ?? true),
    run: async (context) => {
      const { host } = context;
      const portMappings = [{ ...mapping, protocol: "sctp" }];
      const attachment = await context.attach({ runtimeConfig: { portMappings } });
      await host.echo(attachment.ns, { protocol: "sctp", address: ipOf(attachment), port: 80 });
      await host.ask(host.outside, { protocol: "sctp", address: uplink.host4, port: 8080 });
    },
  },
  {
    id: "T107",
    title: "A UDP flow to a published port goes to the next container at once after DEL and ADD",
    applies: needs("ports"),
    run: async (context) => {
      const { host } = context;
      const portMappings = [{ ...mapping, protocol: "udp" }];
      const flow = { protocol: "udp", address: uplink.host4, port: 8080, sourcePort: 40_000 } as const;
      const attachUdp = async () => {
        const attachment = await context.attach({ runtimeConfig: { portMappings } });
        await host.echo(attachment.ns, { protocol: "udp", address: ipOf(attachment), port: 80 });
        return attachment;
      };
      const first = await attachUdp();
      await host.ask(host.outside, flow);
      await context.detach(first);
      const second = await attachUdp();
      must(ipOf(first) !== ipOf(second), "the suite itself: both have the same address");
      const answer = await host.ask(host.outside, flow);
      must(answer.at === ipOf(second), `answered by ${answer.at}`);
    },
  },
  {
    id: "T108",
    title: "A packet on its way through the host to a foreign address is not caught by a published port",
    applies: needs("ports"),
    run: async (context) => {
      const { host } = context;
      await published(context, [mapping]);
      const foreign = await host.compartment("foreign");
      await host.exec(host.ns, "sh", "-ec", foreignLink.replaceAll("NS", foreign.name));
      await host.exec(
        foreign,
        "sh",
        "-ec",
        "ip address add 198.51.100.9/24 dev far; ip link set far up; ip route add default via 198.51.100.1",
      );
      await host.exec(host.outside, "ip", "route", "add", "198.51.100.0/24", "via", uplink.host4);
      await host.echo(foreign, { protocol: "tcp", address: "0.0.0.0", port: 8080 });
      await reach(context, host.outside, "198.51.100.9", "198.51.100.9");
    },
  },
  {
    id: "T109",
    title:
      "A packet from beyond the host to 127.0.0.1 reaches neither a published port nor a service of the host",
    applies: needs("ports"),
    run: closedLoopback,
  },
  {
    id: "T110",
    title: "1000 ports in one ADD are published within ten seconds and gone after DEL",
    applies: needs("ports"),
    run: async (context) => {
      const before = await context.warm({ runtimeConfig: { portMappings: [mapping] } });
      const portMappings = Array.from({ length: 1000 }, (_, at) => ({
        hostPort: 20_000 + at,
        containerPort: 80,
        protocol: "tcp",
      }));
      const key = await context.key({ runtimeConfig: { portMappings } });
      const outcome = await context.call("ADD", key, { timeoutMs: 10_000 });
      must(!outcome.timedOut, "ADD takes more than ten seconds");
      const attachment = { ...key, result: expectResult(outcome, key) };
      await context.host.echo(key.ns, { protocol: "tcp", address: ipOf(attachment), port: 80 });
      for (const port of [20_000, 20_500, 20_999]) {
        await reach(context, context.host.outside, uplink.host4, ipOf(attachment), port);
      }
      await context.detach(attachment);
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T111",
    title: "A capability it does not have is ignored or is error 2 that names it",
    applies: always,
    run: async (context) => {
      const { config } = context.subject;
      const capabilities = { ...(config.capabilities as object), infinibandGUID: true };
      const key = await context.key({
        config: { capabilities },
        runtimeConfig: { infinibandGUID: "00:11:22:33:44:55:66:77" },
      });
      const outcome = await context.call("ADD", key);
      if (outcome.exitCode === 0) expectResult(outcome, key);
      else expectError(context.subject, outcome, { codes: [2], names: ["infinibandGUID"] });
    },
  },
  {
    id: "T113",
    title: "Bursts as large as runtimes send them are no error",
    applies: needs("bandwidth"),
    run: async (context) => {
      const bandwidth = {
        ingressRate: 1e6,
        ingressBurst: 4294967295,
        egressRate: 1e6,
        egressBurst: 34359738352,
      };
      const attachment = await context.attach({ runtimeConfig: { bandwidth } });
      await expectReal(context.host, attachment);
      await context.detach(attachment);
    },
  },
];

const foreignLink = `
  ip link add near type veth peer name far netns NS
  ip address add 198.51.100.1/24 dev near
  ip link set near up
  sysctl -qw net.ipv4.ip_forward=1`;

/** Attaches with ports and starts a server behind containerPort 80. */
async function published(context: Context, portMappings: readonly object[]): Promise<Attachment> {
  const attachment = await context.attach({ runtimeConfig: { portMappings } });
  await context.host.echo(attachment.ns, { protocol: "tcp", address: ipOf(attachment), port: 80 });
  return attachment;
}

/** A connection must be answered by the server at that address. @throws Seen */
async function reach(
  context: Context,
  from: Namespace,
  address: string,
  server: string,
  port = 8080,
): Promise<void> {
  const answer = await context.host.ask(from, { protocol: "tcp", address, port });
  must(answer.at === server, `${address}:${port} is answered by ${answer.at}, not by ${server}`);
}

async function closedLoopback(context: Context): Promise<void> {
  const { host } = context;
  await published(context, [mapping]);
  await host.echo(host.ns, { protocol: "tcp", address: "127.0.0.1", port: 7100 });
  // The machine beyond gives up its own 127/8 and sends such packets to the host.
  const prepare = `
    sysctl -qw net.ipv4.conf.all.route_localnet=1
    ip address delete 127.0.0.1/8 dev lo
    ip route add 127.0.0.0/8 via ${uplink.host4} src ${uplink.outside4}`;
  await host.exec(host.outside, "sh", "-ec", prepare);
  await using capture = await host.capture(host.ns, "eth0", "tcp and dst host 127.0.0.1");
  for (const port of [8080, 7100]) {
    const answered = await host.answers(host.outside, {
      protocol: "tcp",
      address: "127.0.0.1",
      port,
      timeoutMs: 700,
    });
    must(!answered, `127.0.0.1:${port} answers a machine beyond the host`);
    await capture.packet(new RegExp(`127\\.0\\.0\\.1\\.${port}`));
  }
}
