/** T106 to T109: which packets a published port catches, and which it must not. */
import { whyNoSctp } from "../../system/echo.ts";
import { uplink } from "../../system/host.ts";
import type { Namespace } from "../../system/namespaces.ts";
import { hostPart } from "../address.ts";
import type { Context } from "../context.ts";
import { pools, secondNetwork, subnets } from "../pools.ts";
import { ipOf, ipsOf } from "../result-view.ts";
import { every, must, needs, type Scenario } from "../scenario.ts";
import { mapping, published, reach } from "./published.ts";

export const portPathScenarios: readonly Scenario[] = [
  ...Object.entries({
    "a machine beyond the host": ({ host }: Context) => [host.outside, uplink.host4] as const,
    "the host by its own address": ({ host }: Context) => [host.ns, uplink.host4] as const,
    "the host by 127.0.0.1": ({ host }: Context) => [host.ns, "127.0.0.1"] as const,
    "the container itself": (_context: Context, own: Namespace) => [own, uplink.host4] as const,
  }).map(
    ([from, pathOf], at): Scenario => ({
      id: `T106${"abcd"[at]}`,
      title: `A published port answers ${from}`,
      applies: needs("ports", "stack"),
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
    applies: needs("ports", "stack", "pools"),
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
    applies: needs("ports", "stack", "ipv6"),
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
    applies: every(needs("ports", "stack"), () => whyNoSctp() ?? true),
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
    applies: needs("ports", "stack"),
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
    applies: needs("ports", "stack"),
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
    applies: needs("ports", "stack"),
    run: closedLoopback,
  },
];

const foreignLink = `
  ip link add near type veth peer name far netns NS
  ip address add 198.51.100.1/24 dev near
  ip link set near up
  sysctl -qw net.ipv4.ip_forward=1`;

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
