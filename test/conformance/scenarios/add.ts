/** T27 to T33, T43, T44, T46: ADD where something is already there, or goes away. */
import type { Snapshot } from "../../system/snapshot.ts";
import { diffLines } from "../../system/snapshot-diff.ts";
import { expectError, expectResult, shown } from "../expect.ts";
import { ipamResult, prints } from "../fake-delegate.ts";
import { expectReal, kernelRoutes } from "../kernel.ts";
import { pools, secondNetwork, subnets } from "../pools.ts";
import { ipOf } from "../result-view.ts";
import { always, must, needs, type Scenario } from "../scenario.ts";
import { warmFake } from "./warm-fake.ts";

export const addScenarios: readonly Scenario[] = [
  {
    id: "T27",
    title:
      "An interface of that name in the compartment is an error; it stays as it is and no address is kept",
    applies: needs("pools"),
    run: async (context) => {
      const { host, subject } = context;
      const config = pools(subject.config, subnets.one);
      const before = await context.warm({ config });
      const key = await context.key({ config });
      await host.exec(key.ns, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "mine");
      await host.exec(key.ns, "ip", "address", "add", "198.51.100.1/24", "dev", "eth0");
      const there = await host.snapshot({}, key.ns);
      const outcome = await context.call("ADD", key);
      expectError(subject, outcome, { codes: [4, 7, "own"], names: ["eth0"] });
      const same = Bun.deepEquals(await host.snapshot({}, key.ns), there);
      must(same, "the interface that was there has changed");
      await context.unchanged(before, "after the ADD that failed");
      await context.attach({ config });
    },
  },
  {
    id: "T28",
    title: "ADD of the same key again is an error that leaves the first attachment as it is",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const attachment = await context.attach();
      const first = await context.snapshot();
      const outcome = await context.call("ADD", attachment);
      expectError(context.subject, outcome, { codes: [4, 7, "own"] });
      await context.unchanged(first, "after the second ADD");
      await expectReal(context.host, attachment);
      if (context.subject.has.check) await context.check(attachment);
      await context.detach(attachment);
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T29",
    title: "Two interfaces of one container in one network both work; DEL of one leaves the other's traffic",
    applies: ({ has }) => has.gateway || has.lan || "needs a plugin that does more than to move a link",
    run: async (context) => {
      const { host } = context;
      const before = await context.warm();
      const first = await context.attach({ ifname: "net1" });
      const second = await context.attach({ ifname: "net2", ns: first.ns, id: first.id });
      must(ipOf(first) !== ipOf(second), `both have ${ipOf(first)}`);
      await context.detach(first);
      await expectReal(host, second);
      if (context.subject.has.outside) {
        must(
          await host.answersPing(second.ns, "192.0.2.2"),
          "after DEL of net1, net2 reaches nobody beyond the host",
        );
      }
      if (context.subject.has.check) await context.check(second);
      await context.detach(second);
      await context.unchanged(before, "after both DELs");
    },
  },
  {
    id: "T30",
    title:
      "One container in two networks has an address of each and a default route; DEL of one leaves the other",
    applies: needs("stack", "pools"),
    run: async (context) => {
      const { host, subject } = context;
      const other = { network: "net2", config: secondNetwork(subject.config) };
      await context.warm(other);
      const before = await context.warm();
      const first = await context.attach({ ifname: "net1" });
      const second = await context.attach({ ...other, ifname: "net2", ns: first.ns, id: first.id });
      must(ipOf(second).startsWith("10.79.0."), `net2 has ${ipOf(second)}`);
      await expectReal(host, first);
      await context.detach(second);
      await expectReal(host, first);
      const routes = await kernelRoutes(host, first.ns, 4);
      must(
        routes.some((row) => row.dst === "default"),
        `no default route left: ${JSON.stringify(routes)}`,
      );
      await context.detach(first);
      await context.unchanged(before, "after both DELs");
    },
  },
  {
    id: "T32",
    title: "A host interface of another kind under the switch's name is an error that names it; it stays",
    applies: needs("switch"),
    run: async (context) => {
      const { host, subject } = context;
      const name = subject.switch ?? "";
      await host.exec(host.ns, "ip", "link", "add", name, "type", "veth", "peer", "name", "stranger");
      const before = await context.snapshot();
      const outcome = await context.call("ADD", await context.key());
      expectError(subject, outcome, { codes: [7, "own"], names: [name] });
      expectSameLinks(before, await context.snapshot());
    },
  },
  {
    id: "T33",
    title:
      "A bridge with another address is an error with its name and nothing changes, or the gateway is added to it",
    applies: needs("switch", "gateway"),
    run: async (context) => {
      const { host, subject } = context;
      const name = subject.switch ?? "";
      await host.exec(host.ns, "ip", "link", "add", name, "address", "02:00:00:00:00:33", "type", "bridge");
      await host.exec(host.ns, "ip", "address", "add", "10.250.0.1/24", "dev", name);
      await host.exec(host.ns, "ip", "link", "set", name, "up");
      const before = await context.snapshot();
      const key = await context.key();
      const outcome = await context.call("ADD", key);
      if (outcome.exitCode === 0) {
        await expectReal(host, { ...key, result: expectResult(outcome, key) });
        return;
      }
      expectError(subject, outcome, { codes: [7, "own"], names: [name] });
      expectSameLinks(before, await context.snapshot());
    },
  },
  {
    id: "T43a",
    title: "Where IPv6 is switched off in the compartment an IPv4 attachment works",
    applies: always,
    run: async (context) => {
      const key = await context.key();
      await context.host.exec(key.ns, "sysctl", "-qw", ...noIpv6);
      const attachment = await context.add(key);
      await expectReal(context.host, attachment);
      await context.detach(attachment);
    },
  },
  {
    id: "T43b",
    title: "Where IPv6 is switched off in the compartment an IPv6 address is really set, or ADD fails clean",
    applies: needs("ipv6"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.dual);
      const before = await context.warm({ config });
      const key = await context.key({ config });
      await context.host.exec(key.ns, "sysctl", "-qw", ...noIpv6);
      const outcome = await context.call("ADD", key);
      if (outcome.exitCode === 0) {
        const attachment = { ...key, result: expectResult(outcome, key) };
        await expectReal(context.host, attachment);
        await context.detach(attachment);
      } else expectError(context.subject, outcome, { codes: [7, "own"] });
      await context.unchanged(before, "afterwards");
    },
  },
  {
    id: "T44",
    title: "Firewall tables of others stay byte for byte the same",
    applies: always,
    run: async (context) => {
      const { host } = context;
      await host.run(host.ns, ["nft", "-f", "-"], { input: foreignTables });
      const list = () =>
        Promise.all(
          foreignNames.map((name) => host.exec(host.ns, "nft", "list", "table", ...name.split(" "))),
        );
      const before = await list();
      must(
        before.every((text) => text.length > 20),
        "the suite itself: the tables were not loaded",
      );
      const attachment = await context.attach();
      const during = await list();
      await context.detach(attachment);
      const after = await list();
      for (const [at, name] of foreignNames.entries()) {
        must(during[at] === before[at], `ADD changed table ${name}: ${during[at]}`);
        must(after[at] === before[at], `DEL changed table ${name}: ${after[at]}`);
      }
    },
  },
  {
    id: "T46",
    title: "A compartment that goes away in the middle of ADD leaves nothing on the host; DEL succeeds",
    applies: needs("delegation"),
    run: async (context) => {
      const { subject, version } = context;
      const { fake, env, config, before } = await warmFake(context);
      const answer = prints(ipamResult(version));
      fake.answer({ ADD: `umount -l "$CNI_NETNS" && rm -f "$CNI_NETNS"\n${answer}` });
      const key = await context.key({ config });
      const outcome = await context.call("ADD", key, { env });
      if (outcome.exitCode !== 0) {
        expectError(subject, outcome, { codes: [4, 5, 8, "own"] });
        await context.unchanged(before, "after the ADD that failed");
      }
      await context.detach(key, { env });
      await context.unchanged(before, `after DEL (ADD: ${shown(outcome)})`);
    },
  },
];

/** Tables and settings may have been prepared before the error; what others made must be as it was. */
function expectSameLinks(before: Snapshot, now: Snapshot): void {
  const section = "links and addresses";
  const changes = diffLines(before.get(section) ?? [], now.get(section) ?? []);
  must(changes.length === 0, `the host's links have changed:\n${changes.join("\n")}`);
}

const noIpv6 = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];

const foreignNames = [
  "inet firewalld",
  "ip kube-proxy",
  "inet netavark",
  "ip docker-bridges",
  "bridge filter",
];

/** In the manner of other programs that keep rules on a host. */
const foreignTables = `
table inet firewalld {
  chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; ct state established,related accept; iifname "lo" accept; }
  chain filter_INPUT { type filter hook input priority filter + 10; policy accept; ct state invalid drop; }
}
table ip kube-proxy {
  map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
  chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }
  chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain nat-postrouting { type nat hook postrouting priority srcnat; mark and 0x4000 != 0 masquerade; }
}
table inet netavark {
  chain POSTROUTING { type nat hook postrouting priority srcnat; ip saddr 10.99.0.0/24 ip daddr != 224.0.0.0/4 masquerade; }
}
table ip docker-bridges {
  set internal { type ipv4_addr; flags interval; elements = { 172.31.0.0/16 } }
  chain raw-PREROUTING { type filter hook prerouting priority raw; ip daddr @internal iifname != "docker0" drop comment "DROP DIRECT ACCESS"; }
}
table bridge filter {
  chain forward { type filter hook forward priority 0; ether type arp accept comment "keep"; }
}
`;
