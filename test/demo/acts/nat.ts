/** A nat network, dual stack: three containers, packets in every direction, published ports, and the way back. */
import type { Family } from "../../../lib/addr/ip.ts";
import { ip } from "../../../lib/addr/ip.ts";
import { defaultPrefix, prefix, prefixFamily } from "../../../lib/addr/prefix.ts";
import { addAddress, deleteAddress } from "../../../lib/netlink/route/address.ts";
import { addRoute } from "../../../lib/netlink/route/route.ts";
import { claimAdd, claimCall, claimCheckFails, claimGone } from "../claims/call.ts";
import { claimAlone, claimNothingLeft } from "../claims/ending.ts";
import { claimAnswers, type Question } from "../claims/packets.ts";
import { knownNetworks, takeInventory } from "../inventory.ts";
import { formatJson } from "../json.ts";
import {
  type Container,
  createRuntime,
  ifname,
  type NetworkConfig,
  type Result,
  type Runtime,
} from "../runtime.ts";
import type { Act, Stage } from "../story.ts";
import { serve } from "../talk.ts";
import { linkNamed, type Machine, type World } from "../world.ts";
import { jobPolicies, tellWhy } from "./why.ts";

const dataDir = "/run/vswitch";
const subnets: Readonly<Record<Family, string>> = { 4: "10.88.0.0/24", 6: "fd00:88::/64" };
/** Capability by which a runtime hands on what a pod is annotated with. */
const annotations = "io.kubernetes.cri.pod-annotations";
const published = { tcp: 8080, udp: 5300 };
/** What stays on the host on purpose: others may rely on it by now. */
const forwarding = /^[-+] net\.(ipv4\.ip_forward|ipv[46]\.conf\.\S+\.forwarding) = /;

/** A container with what ADD gave it. */
interface Attached extends Container {
  address(family: Family): string;
  gateway(family: Family): string;
}

interface Scene extends Stage {
  readonly runtime: Runtime;
}

export const natAct: Act = {
  compartments: ["web", "app", "job"],
  async play(stage) {
    const { world, report, bin } = stage;
    const network = networkConfig(world);
    const scene: Scene = { ...stage, runtime: createRuntime({ network, bin, dataDir }) };
    const before = takeInventory(world.host, dataDir);
    report.scene("A nat network", "its configuration, as a runtime's file has it");
    report.block(formatJson(network));
    const [web, app, job] = attach(scene);
    await sendPackets(scene, web, app);
    checkUp(scene, web);
    tellWhy(stage, dataDir, { web, app, job });
    await detach(scene, web, app, job);
    leave(scene, [before, takeInventory(world.host, dataDir)], [web.machine, app.machine, job.machine]);
  },
};

function networkConfig({ families }: World): NetworkConfig {
  const ranges = families.map((family) => [{ subnet: subnets[family] }]);
  const capabilities = { portMappings: true, [annotations]: true };
  const plugin = { type: "nat", capabilities, ipam: { type: "ipam", ranges } };
  return { cniVersion: "1.1.0", name: "demo", plugins: [plugin] };
}

function attach({ world, report, runtime }: Scene): readonly [Attached, Attached, Attached] {
  report.scene("Three containers", "times are of whole processes; the first ADD makes the switch too");
  claimCall(report, "STATUS", runtime.status(), { expected: "success", seen: "success", shown: "ready" });
  const portMappings = [
    { protocol: "tcp", hostPort: published.tcp, containerPort: 80 },
    { protocol: "udp", hostPort: published.udp, containerPort: 53 },
  ];
  const add = (name: string, note: string, more: Partial<Container> = {}): Attached => {
    const container = { id: `${name}-1`, machine: world.compartment(name), ...more };
    const outcome = runtime.add(container);
    claimAdd(report, container.machine, outcome, note);
    if (name === "web") result = outcome.result;
    return attached(container, outcome.result);
  };
  let result: Result | undefined;
  const ports = `tcp ${published.tcp}, udp ${published.udp}`;
  const all = [
    add("web", `publishes ${ports}`, { runtimeConfig: { portMappings } }),
    add("app", ""),
  ] as const;
  const annotated = { "vswitch-cni/policies": JSON.stringify(jobPolicies(all[1].address(4))) };
  const job = add("job", "lets app in, by ACLs", { runtimeConfig: { [annotations]: annotated } });
  report.block(`\nThe result of ADD web:\n${formatJson(result)}`);
  return [...all, job];
}

function attached(container: Container, result: Result | undefined): Attached {
  const of = (family: Family) => result?.ips.find(({ address }) => prefixFamily(prefix(address)) === family);
  return {
    ...container,
    address: (family) => of(family)?.address.replace(/\/.*/, "") ?? "",
    gateway: (family) => of(family)?.gateway ?? "",
  };
}

async function sendPackets({ world, report }: Scene, web: Attached, app: Attached): Promise<void> {
  const { host, beyond, uplink, families } = world;
  const any = families.includes(6) ? "::" : "0.0.0.0";
  await serve(web.machine, { protocol: "tcp", address: any, port: 80 });
  await serve(web.machine, { protocol: "udp", address: any, port: 53 });
  await serve(beyond, { protocol: "tcp", address: any, port: 80 });
  type Side = (family: Family) => string;
  const each = (address: Side, sees: Side) => families.map((f) => ({ address: address(f), sees: sees(f) }));
  const atHost: Side = (family) => uplink[family].host;
  const atBeyond: Side = (family) => uplink[family].beyond;
  const tcp = { to: "web", protocol: "tcp", port: published.tcp } as const;
  const udp = { to: "web", protocol: "udp", port: published.udp } as const;
  const loopback = [{ address: "127.0.0.1", sees: web.gateway(4) }];
  const questions: readonly Question[] = [
    { ...tcp, subject: "app -> web", from: app.machine, port: 80, at: each(web.address, app.address) },
    {
      ...tcp,
      subject: "app -> beyond, masquerade",
      from: app.machine,
      to: "beyond",
      port: 80,
      at: each(atBeyond, atHost),
    },
    { ...tcp, subject: "beyond -> published port", from: beyond, at: each(atHost, atBeyond) },
    { ...tcp, subject: "host -> published port", from: host, at: each(atHost, atHost) },
    { ...tcp, subject: "host -> 127.0.0.1", from: host, at: loopback },
    { ...tcp, subject: "app -> published port", from: app.machine, at: each(atHost, web.gateway) },
    { ...tcp, subject: "web -> itself, hairpin", from: web.machine, at: each(atHost, web.gateway) },
    { ...udp, subject: "beyond -> published port", from: beyond, at: each(atHost, atBeyond) },
    { ...udp, subject: "host -> 127.0.0.1", from: host, at: loopback },
    { ...udp, subject: "web -> itself, hairpin", from: web.machine, at: each(atHost, web.gateway) },
  ];
  report.scene("Packets", "every server tells whom it sees");
  for (const question of questions) await claimAnswers(report, question);
}

/** CHECK names what somebody broke, and is content when it is repaired. */
function checkUp({ report, runtime }: Scene, web: Attached): void {
  const asPlanned = { expected: "success", seen: "success", shown: "all as ADD made it" };
  const { machine } = web;
  const { index } = linkNamed(machine, ifname);
  const address = prefix(`${web.address(4)}/24`);
  report.scene("CHECK", "somebody takes an address away from web");
  claimCall(report, "CHECK web", runtime.check(web), asPlanned);
  machine.netlink.request(deleteAddress(index, address));
  claimCheckFails(report, "CHECK web", runtime.check(web), `address ${address}`);
  machine.netlink.request(addAddress({ index, address }));
  machine.netlink.request(addRoute({ dst: defaultPrefix(4), gateway: ip(web.gateway(4)) }));
  report.line("by hand", `${address} and its default route are put back`);
  claimCall(report, "CHECK web", runtime.check(web), asPlanned);
}

async function detach(
  { world, report, runtime }: Scene,
  web: Attached,
  app: Attached,
  job: Attached,
): Promise<void> {
  report.scene("The way back", "the runtime forgets job: its DEL never comes, GC takes it away");
  claimGone(report, ["DEL web", "web has nothing but its loopback"], runtime.del(web), web.machine);
  const at = world.families.map((family) => ({ address: world.uplink[family].host }));
  const closed = { from: world.beyond, to: "nobody", protocol: "tcp", port: published.tcp, at } as const;
  await claimAnswers(report, { ...closed, subject: "beyond -> published port" });
  claimGone(report, ["DEL app", "app has nothing but its loopback"], runtime.del(app), app.machine);
  claimGone(report, ["DEL app, again", "nothing to do is success"], runtime.del(app), app.machine);
  claimGone(report, ["GC", "job is detached, and the switch is gone"], runtime.gc([]), job.machine);
}

function leave(
  { world, report, runtime }: Scene,
  inventories: Parameters<typeof claimNothingLeft>[1],
  machines: readonly Machine[],
): void {
  report.scene("Nothing is left", "the host now, compared with its beginning");
  const kept = claimNothingLeft(report, inventories, forwarding);
  const settings = kept.filter((line) => /^\+ .*(ip_forward|ipv6\.conf\.all)/.test(line));
  report.line("kept on purpose", settings.map((line) => line.slice(2)).join(", "));
  report.line("", `the definition of network ${knownNetworks(dataDir).join(", ")} in ${dataDir}`);
  report.scene(
    "No other program",
    `in ${runtime.calls} calls no ip, nft, iptables, tc, sysctl or shell was started`,
  );
  claimAlone(report, [world.host, world.beyond, ...machines]);
}
