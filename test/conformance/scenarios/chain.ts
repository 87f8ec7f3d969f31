/** T41, T42, T115, T116: beside other plugins, and under the runtimes that exist. */
import { uplink } from "../../system/host.ts";
import { chainOf, chainVersion, whyNoChain } from "../chain.ts";
import type { Context } from "../context.ts";
import { expectSilent } from "../expect.ts";
import { isObject, type JsonObject, listOf } from "../json.ts";
import { expectReal, hostEnd } from "../kernel.ts";
import { ipOf, ownInterface } from "../result-view.ts";
import { always, every, must, NotConcerned, needs, type Scenario } from "../scenario.ts";
import { allVersions } from "../target.ts";

const followers: readonly JsonObject[] = [
  { type: "tuning", sysctl: { "net.ipv4.conf.all.log_martians": "1" } },
  { type: "portmap", capabilities: { portMappings: true }, snat: true },
  {
    type: "bandwidth",
    ingressRate: 8_000_000,
    ingressBurst: 800_000,
    egressRate: 8_000_000,
    egressBurst: 800_000,
  },
  { type: "firewall" },
];

export const chainScenarios: readonly Scenario[] = [
  ...followers.map(
    (follower, at): Scenario => ({
      id: `T41${"abcd"[at]}`,
      title: `The reference ${String(follower.type)} after it accepts its result for ADD, CHECK and DEL; nothing is left`,
      applies: every(always, (subject) => whyNoChain(subject.cniPath, [String(follower.type)])),
      run: (context) => throughChain(context, [ownEntry(context), follower]),
    }),
  ),
  {
    id: "T41e",
    title:
      "tuning, portmap, bandwidth and firewall after it: the published port works; DEL backwards leaves nothing",
    applies: every(needs("gateway"), (subject) =>
      whyNoChain(
        subject.cniPath,
        followers.map((follower) => String(follower.type)),
      ),
    ),
    run: (context) => throughChain(context, [ownEntry(context), ...followers], true),
  },
  {
    id: "T42",
    title: "Second in a chain it keeps what the first returned",
    applies: (subject) => whyNoChain(subject.cniPath, ["loopback"]),
    run: async (context) => {
      const chain = chainOf(context, [{ type: "loopback" }, ownEntry(context)]);
      const key = await context.key({ version: chainVersion(context) });
      const result = await chain.add(key);
      const names = listOf(result, "interfaces").map((row) => row.name);
      must(names.includes("lo") && names.includes("eth0"), `interfaces in the result: ${names.join(", ")}`);
      await expectReal(context.host, {
        ...key,
        result: { ...result, ips: listOf(result, "ips").filter(isNotLoopback) },
      });
      await chain.check(key, result);
      await chain.del(key, result);
    },
  },
  {
    id: "T115",
    title: "ADD, CHECK and DEL as libcni calls them work",
    applies: always,
    versions: allVersions,
    run: async (context) => {
      const before = await context.warm();
      const chain = chainOf(context, [context.subject.config]);
      const key = await context.key();
      const result = await chain.add(key);
      if (context.version >= "0.4.0") await chain.check(key, result);
      await chain.del(key, context.version >= "0.4.0" ? result : undefined);
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T116a",
    title:
      "What containerd sends works: pod names in CNI_ARGS, capability keys in upper camel case, null lists",
    applies: always,
    run: async (context) => {
      const dns = { Servers: ["10.9.9.9"], Searches: ["s.example"], Options: ["ndots:2"] };
      const attachment = await context.attach({
        args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=p-0;K8S_POD_INFRA_CONTAINER_ID=${"a".repeat(64)};K8S_POD_UID=x`,
        runtimeConfig: {
          portMappings: null,
          dns,
          cgroupPath: "/kubepods/x",
          "io.kubernetes.cri.pod-annotations": {},
        },
      });
      await expectReal(context.host, attachment);
      await context.detach(attachment);
    },
  },
  {
    id: "T116b",
    title:
      "What nerdctl does works: DEL with no compartment before ADD, and again after the container stopped",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const key = await context.key();
      expectSilent("DEL", await context.call("DEL", key, { env: { CNI_NETNS: "" } }));
      const attachment = await context.add(key);
      await expectReal(context.host, attachment);
      await context.host.remove(key.ns);
      expectSilent("DEL", await context.call("DEL", attachment, { env: { CNI_NETNS: "" } }));
      await context.unchanged(before, "after the last DEL");
    },
  },
  {
    id: "T116c",
    title:
      "What podman needs is in the result: an interface with sandbox and MAC, addresses that point at it",
    applies: always,
    run: async (context) => {
      const attachment = await context.attach({
        version: "0.4.0",
        args: "IgnoreUnknown=1;K8S_POD_NAME=box",
        runtimeConfig: { aliases: { net1: ["box", "0123456789ab"] } },
      });
      const own = ownInterface(attachment);
      must(typeof own?.mac === "string" && own.mac !== "", `no MAC: ${JSON.stringify(attachment.result)}`);
      const at = listOf(attachment.result, "interfaces").indexOf(own);
      const points = listOf(attachment.result, "ips").every((row) => row.interface === at);
      must(points, `an address does not point at the interface: ${JSON.stringify(attachment.result)}`);
      await context.detach(attachment);
    },
  },
];

/** The reference bandwidth shapes the host's end of a veth pair and nothing else. */
async function mustBeVeth(context: Context): Promise<void> {
  const attachment = await context.attach();
  const end = await hostEnd(context.host, attachment);
  await context.detach(attachment);
  await context.host.remove(attachment.ns);
  if (end === undefined) throw new NotConcerned("the interface is no veth, which bandwidth needs");
}

function isNotLoopback(row: JsonObject): boolean {
  return !/^(127\.|::1)/.test(String(row.address));
}

/** The target's entry without its own port mappings, which another plugin does here. */
function ownEntry(context: Context): JsonObject {
  const { config } = context.subject;
  const capabilities = isObject(config.capabilities) ? config.capabilities : {};
  return { ...config, capabilities: { ...capabilities, portMappings: false } };
}

async function throughChain(
  context: Context,
  entries: readonly JsonObject[],
  traffic = false,
): Promise<void> {
  const { host } = context;
  const chain = chainOf(context, entries);
  const capabilities = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] };
  const version = chainVersion(context);
  const first = await context.key({ version });
  if (entries.some((entry) => entry.type === "bandwidth")) await mustBeVeth(context);
  await chain.del(first, await chain.add(first, capabilities), capabilities);
  await host.remove(first.ns);
  const before = await context.snapshot();
  const key = await context.key({ version });
  const result = await chain.add(key, capabilities);
  await expectReal(host, { ...key, result });
  // CHECK of portmap 1.1.1 wants rules of both families whatever the addresses are.
  const checked = chainOf(
    context,
    entries.filter((entry) => entry.type !== "portmap"),
  );
  await checked.check(key, result, capabilities);
  if (traffic) {
    await host.echo(key.ns, { protocol: "tcp", address: "0.0.0.0", port: 80 });
    const answer = await host.ask(host.outside, { protocol: "tcp", address: uplink.host4, port: 8080 });
    must(answer.at === ipOf({ ...key, result }), `answered by ${answer.at}`);
  }
  await chain.del(key, result, capabilities);
  await context.unchanged(before, "after DEL");
}
