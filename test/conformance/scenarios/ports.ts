import { uplink } from "../../system/host.ts";
import { expectError, expectResult, shown } from "../expect.ts";
import { expectReal } from "../kernel.ts";
import { ipOf } from "../result-view.ts";
import { always, must, needs, type Scenario } from "../scenario.ts";
import { mapping, published, reach } from "./published.ts";

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
    applies: needs("ports", "stack"),
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
    applies: needs("ports", "stack"),
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
    applies: needs("ports", "stack"),
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
  {
    id: "T110",
    title: "1000 ports in one ADD are published within ten seconds and gone after DEL",
    applies: needs("ports", "stack"),
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
