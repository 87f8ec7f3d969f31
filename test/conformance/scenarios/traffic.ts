/** T52: where packets go. */
import { uplink } from "../../system/host.ts";
import { hostPart } from "../address.ts";
import type { Context } from "../context.ts";
import { linkOf } from "../kernel.ts";
import { pools, subnets } from "../pools.ts";
import { ipOf, ipsOf } from "../result-view.ts";
import { every, must, needs, type Scenario } from "../scenario.ts";

export const trafficScenarios: readonly Scenario[] = [
  {
    id: "T52a",
    title: "Containers of one network reach each other",
    applies: needs("peers"),
    run: async (context) => {
      const [a, b] = [await context.attach(), await context.attach()];
      await context.host.echo(b.ns, { protocol: "tcp", address: ipOf(b), port: 7000 });
      const answer = await context.host.ask(a.ns, { protocol: "tcp", address: ipOf(b), port: 7000 });
      must(answer.from === ipOf(a), `${ipOf(b)} sees ${answer.from} instead of ${ipOf(a)}`);
    },
  },
  {
    id: "T52b",
    title: "The host answers at the gateway address and at its own, and reaches the container",
    applies: needs("gateway"),
    run: async (context) => {
      const attachment = await context.attach();
      const gateway = ipsOf(attachment.result)[0]?.gateway;
      must(gateway !== undefined, "the result has no gateway");
      for (const address of [gateway, uplink.host4]) {
        must(
          await context.host.answersPing(attachment.ns, address),
          `${address} does not answer the container`,
        );
      }
      must(
        await context.host.answersPing(context.host.ns, ipOf(attachment)),
        "the container does not answer the host",
      );
    },
  },
  {
    id: "T52c",
    title: "A machine beyond the host sees the container under the host's address, over TCP, UDP and ICMP",
    applies: needs("outside"),
    run: async (context) => {
      const { host } = context;
      const attachment = await context.attach();
      for (const protocol of ["tcp", "udp"] as const) {
        const target = { protocol, address: uplink.outside4, port: 7000 };
        await host.echo(host.outside, target);
        const answer = await host.ask(attachment.ns, target);
        must(answer.from === uplink.host4, `${protocol}: seen as ${answer.from}`);
      }
      must(await host.answersPing(attachment.ns, uplink.outside4), "no answer to a ping");
    },
  },
  {
    id: "T52d",
    title: "The same over IPv6, from the moment ADD returns",
    applies: every(needs("outside", "ipv6")),
    run: async (context) => {
      const { host } = context;
      const attachment = await context.attach({ config: pools(context.subject.config, subnets.dual) });
      const target = { protocol: "tcp", address: uplink.outside6, port: 7000 } as const;
      await host.echo(host.outside, target);
      const answer = await host.ask(attachment.ns, target);
      must(answer.from === uplink.host6, `seen as ${answer.from}`);
    },
  },
  {
    id: "T52e",
    title:
      "A machine of the LAN reaches the container by its own address and MAC, from the moment ADD returns",
    applies: needs("lan", "pools"),
    run: (context) => fromTheLan(context, subnets.second, "10.79.0.1/24"),
  },
  {
    id: "T52f",
    title: "The same over IPv6",
    applies: needs("lan", "ipv6"),
    run: (context) => fromTheLan(context, subnets.v6, "fd00:75::1/64"),
  },
];

/** @param address of the machine, in the containers' subnet: where their gateway is */
async function fromTheLan(context: Context, subnet: readonly string[], address: string): Promise<void> {
  const { host } = context;
  await host.exec(host.outside, "ip", "address", "add", address, "dev", "eth0", "nodad");
  const attachment = await context.attach({ config: pools(context.subject.config, subnet) });
  const own = ipOf(attachment);
  const machine = hostPart(address);
  const port = 7000;
  await host.echo(attachment.ns, { protocol: "tcp", address: own, port });
  const { from } = await host.ask(host.outside, { protocol: "tcp", address: own, port });
  must(from === machine, `the container sees ${from} instead of ${machine}`);
  await host.echo(host.outside, { protocol: "udp", address: machine, port });
  const back = await host.ask(attachment.ns, { protocol: "udp", address: machine, port });
  must(back.from === own, `the machine sees ${back.from} instead of ${own}`);
  const mac = (await linkOf(host, attachment.ns, attachment.ifname))?.address;
  const known = await host.exec(host.outside, "ip", "neighbour", "show", own);
  must(known.includes(` lladdr ${mac} `), `the LAN knows ${known.trim()}, the interface has ${mac}`);
}
