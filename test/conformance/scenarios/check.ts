/** T70 to T75, T77: CHECK. */
import type { Namespace } from "../../system/namespaces.ts";
import type { Attachment, Context } from "../context.ts";
import { type Codes, expectError, shown } from "../expect.ts";
import { isObject, listOf } from "../json.ts";
import { expectReal, hostEnd, linkOf } from "../kernel.ts";
import { ipOf, routesOf } from "../result-view.ts";
import { every, must, needs, type Scenario } from "../scenario.ts";
import type { Feature } from "../target.ts";
import { emptyFolder } from "./clean-after.ts";

const anyRight: Codes = [3, 5, 7, 11, "own"];

export const checkScenarios: readonly Scenario[] = [
  {
    id: "T70",
    title: "CHECK right after ADD succeeds, twenty times, and changes nothing",
    applies: needs("check"),
    run: async (context) => {
      const attachment = await context.attach();
      await expectReal(context.host, attachment);
      const before = await context.snapshot();
      const inside = await context.host.snapshot({}, attachment.ns);
      for (let time = 0; time < 20; time++) await context.check(attachment);
      await context.unchanged(before, "after CHECK");
      const same = Bun.deepEquals(await context.host.snapshot({}, attachment.ns), inside);
      must(same, "CHECK changed the compartment");
    },
  },
  {
    id: "T70b",
    title: "CHECK succeeds after ADD in each version that has it",
    applies: needs("check"),
    versions: ["0.4.0", "1.0.0", "1.1.0"],
    run: async (context) => context.check(await context.attach()),
  },
  {
    id: "T71",
    title: "CHECK without prevResult is error 7 or 4",
    applies: needs("check"),
    run: async (context) => {
      const outcome = await context.call("CHECK", await context.attach(), { prevResult: null });
      expectError(context.subject, outcome, { codes: [7, 4] });
    },
  },
  drift("T72a", "that the interface is down", inside("ip link set eth0 down"), (a) => [a.ifname]),
  drift("T72b", "that the interface is gone", inside("ip link delete eth0"), (a) => [a.ifname]),
  drift(
    "T72c",
    "an address that was removed",
    inside("ip address flush dev eth0 scope global"),
    (a) => [ipOf(a)],
    "stack",
  ),
  drift("T72d", "a MAC that was changed", inside("ip link set eth0 address 02:00:00:00:00:99"), (a) => [
    a.ifname,
    "02:00:00:00:00:99",
  ]),
  {
    id: "T72e",
    title: "CHECK finds and names an MTU that is no longer the configured one",
    applies: needs("check", "mtu"),
    run: async (context) => {
      const attachment = await context.attach({ config: { mtu: 1400 } });
      await context.check(attachment);
      await inside("ip link set eth0 mtu 1333")(context, attachment);
      const outcome = await context.call("CHECK", attachment);
      must(outcome.exitCode !== 0, `CHECK does not see it: ${shown(outcome)}`);
      expectError(context.subject, outcome, { codes: anyRight, anyName: ["eth0", "1333"] });
    },
  },
  drift(
    "T72f",
    "a route that was removed",
    inside("ip route delete default"),
    () => ["0.0.0.0", "default"],
    "stack",
  ),
  drift(
    "T72g",
    "a host end that was taken off the switch",
    async (context, attachment) => {
      const end = await hostEnd(context.host, attachment);
      await context.host.exec(context.host.ns, "ip", "link", "set", String(end?.ifname), "nomaster");
    },
    (_a, context) => [context.subject.switch ?? "", "veth", "port", "master"],
    "switch",
    "hostEnd",
  ),
  drift(
    "T72h",
    "firewall rules that were flushed",
    (context) => context.host.exec(context.host.ns, "nft", "flush", "ruleset"),
    () => ["nft", "rule", "table", "element", "masquerade", "chain"],
    "outside",
  ),
  drift(
    "T72i",
    "an address that is no longer in the store",
    async (context) => emptyFolder(context.data),
    (a) => [ipOf(a), a.id, "lease", "state"],
    "data",
  ),
  {
    id: "T72j",
    title: "CHECK does not mind an address and a route that somebody added",
    applies: needs("check", "stack"),
    run: async (context) => {
      const attachment = await context.attach();
      await inside("ip address add 198.51.100.9/24 dev eth0; ip route add 203.0.113.0/24 dev eth0")(
        context,
        attachment,
      );
      await context.check(attachment);
    },
  },
  {
    id: "T73",
    title: "CHECK accepts what a later plugin changed and prevResult says: MAC, a route less",
    applies: needs("check", "stack"),
    run: async (context) => {
      const attachment = await context.attach();
      const mac = "02:00:00:00:00:77";
      await inside(`ip link set eth0 address ${mac}; ip route delete default`)(context, attachment);
      const interfaces = listOf(attachment.result, "interfaces").map((row) =>
        row.name === attachment.ifname ? { ...row, mac } : row,
      );
      const routes = routesOf(attachment.result).filter((row) => !String(row.dst).endsWith("/0"));
      await context.check(attachment, { prevResult: { ...attachment.result, interfaces, routes } });
    },
  },
  {
    id: "T74",
    title: "CHECK leaves interfaces of other plugins in prevResult alone, wherever they stand in the list",
    applies: needs("check"),
    run: async (context) => {
      const attachment = await context.attach();
      const others = [
        { name: "lo", mac: "00:00:00:00:00:00", sandbox: attachment.netns },
        { name: "elsewhere7", mac: "02:11:22:33:44:55" },
      ];
      const interfaces = listOf(attachment.result, "interfaces");
      const shifted = listOf(attachment.result, "ips").map((row) => ({
        ...row,
        ...(typeof row.interface === "number" ? { interface: row.interface + others.length } : {}),
      }));
      const last = { ...attachment.result, interfaces: [...interfaces, ...others] };
      const first = { ...attachment.result, interfaces: [...others, ...interfaces], ips: shifted };
      await context.check(attachment, { prevResult: last });
      await context.check(attachment, { prevResult: first });
    },
  },
  {
    id: "T75",
    title: "CHECK of a container that was never attached is error 3, 7 or an own one",
    applies: needs("check"),
    run: async (context) => {
      const other = await context.attach();
      const outcome = await context.call("CHECK", await context.key(), { prevResult: other.result });
      expectError(context.subject, outcome, { codes: [3, 7, "own"] });
    },
  },
  {
    id: "T77",
    title: "CHECK of a compartment that is gone is an error",
    applies: needs("check"),
    run: async (context) => {
      const attachment = await context.attach();
      await context.host.remove(attachment.ns);
      const outcome = await context.call("CHECK", attachment);
      expectError(context.subject, outcome, { codes: [3, 4, 8, "own"] });
    },
  },
];

type Change = (context: Context, attachment: Attachment) => Promise<unknown>;

/** A command inside the compartment. */
function inside(command: string): Change {
  return (context, attachment: { readonly ns: Namespace }) =>
    context.host.exec(attachment.ns, "sh", "-c", command);
}

/** A row: CHECK succeeds, something is changed by hand, CHECK names it. */
function drift(
  id: string,
  what: string,
  change: Change,
  names: (attachment: Attachment, context: Context) => readonly string[],
  ...features: readonly Feature[]
): Scenario {
  return {
    id,
    title: `CHECK finds and names ${what}`,
    applies: every(needs("check", ...features)),
    run: async (context) => {
      const attachment = await context.attach();
      await context.check(attachment);
      must(isObject(await linkOf(context.host, attachment.ns, "eth0")), "the suite itself: no interface");
      await change(context, attachment);
      const outcome = await context.call("CHECK", attachment);
      must(outcome.exitCode !== 0, `CHECK does not see ${what}: ${shown(outcome)}`);
      expectError(context.subject, outcome, { codes: anyRight, anyName: names(attachment, context) });
    },
  };
}
