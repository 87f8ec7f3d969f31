import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startDnsmasq, whyNoDhcp } from "../system/dhcp-lab.ts";
import { createHost, type Host, uplink } from "../system/host.ts";
import { whyNoNamespaces } from "../system/namespaces.ts";
import { capabilityArgs } from "./capability-args.ts";
import { addChain, type Chain, checkChain, delChain, toList } from "./chain.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "conf-examples");
const ours = join(root, "dist/bin");
const reference = "/usr/lib/cni";

const examples = readdirSync(folder)
  .filter((name) => /\.conf(list)?$/.test(name))
  .toSorted();

test("there is one example for each mode, policy and runtime", () => {
  expect(examples).toEqual([
    "10-containerd.conflist",
    "bridge-cluster-ipam.conflist",
    "bridge-with-our-ipam.conflist",
    "nat-acl.conflist",
    "nat-chain.conflist",
    "nat-dual-stack.conflist",
    "nat-guard.conflist",
    "nat-host-local.conflist",
    "nat-isolated.conflist",
    "nat-microsoft.conf",
    "nat-mtu.conflist",
    "nat-outbound-nat.conflist",
    "nat-policies-by-annotation.conflist",
    "nat-published-ports.conflist",
    "nat-qos.conflist",
    "nat-smallest.conflist",
    "overlay-etcd.conflist",
    "overlay-flannel.conflist",
    "overlay-ipv6-underlay.conflist",
    "overlay-microsoft.conflist",
    "overlay-static-first.conflist",
    "overlay-static-second.conflist",
    "overlay-stretched-first.conflist",
    "overlay-stretched-second.conflist",
    "podman.conflist",
    "transparent-bridge.conflist",
    "transparent-dhcp.conflist",
    "transparent-host-access.conflist",
    "transparent-ipvlan.conflist",
    "transparent-routed.conflist",
    "transparent-vlan.conflist",
    "transparent.conflist",
    "vm-by-annotation.conflist",
    "vm-firecracker.conflist",
    "vm-kata.conflist",
    "vm-on-host.conflist",
    "vm-qemu.conflist",
    "vm-transparent.conflist",
  ]);
});

/**
 * Those that need more than one host and its uplink: test/system/overlay-examples.test.ts has some of them, and
 * cluster-ipam.test.ts what the ipam of a cluster does.
 */
const needsMore = /^(bridge-cluster-ipam|overlay-(etcd|flannel|microsoft|.*-second))\./;

describe.each(examples.filter((file) => !needsMore.test(file)))("%s", (file) => {
  const list = toList(JSON.parse(readFileSync(join(folder, file), "utf8")));
  const publishes =
    file.startsWith("nat-microsoft") || list.plugins.some((plugin) => plugin.capabilities?.portMappings);

  const isVm = JSON.stringify(list).includes('"vmNic"');

  test(`attaches a ${isVm ? "VM, for which its tap is there" : "container that reaches beyond the host"}, and leaves nothing`, async (context) => {
    const why =
      whyNoNamespaces() ??
      missing(
        list.plugins.map((plugin) => plugin.type),
        list,
      );
    if (why !== undefined) context.skip(why);
    await using host = await createHost();
    const lacking = await lackingKind(host, JSON.stringify(list));
    if (lacking !== undefined) context.skip(`this kernel has no ${lacking}`);
    if (file.includes("dhcp")) {
      const noServer = whyNoDhcp();
      if (noServer !== undefined) context.skip(noServer);
      await startDnsmasq(host, host.outside, "--dhcp-range=192.0.2.64,192.0.2.127,2m");
    }
    const compartment = await host.compartment("example");
    const dataDir = mkdtempSync(join(tmpdir(), "vst-example-"));
    try {
      const chain: Chain = {
        host,
        list: isolated(list, dataDir),
        path: [ours, reference],
        compartment,
        containerId: "example-1",
        dataDir,
        capabilityArgs,
      };
      const result = await addChain(chain);
      if (isVm) await hasTap(chain, result);
      else expect(await host.answersPing(compartment, uplink.outside4)).toBe(true);
      if (publishes && !isVm) {
        await host.echo(compartment, { protocol: "tcp", address: "0.0.0.0", port: 80 });
        expect(await host.answers(host.outside, { protocol: "tcp", address: uplink.host4, port: 8080 })).toBe(
          true,
        );
      }
      if (!["0.1.0", "0.2.0", "0.3.0", "0.3.1"].includes(list.cniVersion)) await checkChain(chain, result);
      await delChain(chain, result);
      const links = await host.exec(host.ns, "ip", "-br", "link", "show", "type", "veth");
      expect(links).not.toContain("vp-");
      const left = ["ip", "-br", "link", "show", "type", "tun"];
      expect(await host.exec(host.ns, ...left)).toBe("");
      expect(await host.exec(compartment, "ip", "-br", "link")).not.toMatch(/eth0|tap0/);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

/** The tap is where the result says, and the compartment has no address. */
async function hasTap({ host, compartment }: Chain, result: unknown): Promise<void> {
  const { interfaces } = result as { interfaces: { name: string; sandbox?: string }[] };
  const where = interfaces.at(-1)?.sandbox === undefined ? host.ns : compartment;
  const [tap = ""] = (await host.exec(where, "ip", "-br", "link", "show", "type", "tun")).split(" ");
  expect(interfaces.map(({ name }) => name)).toContain(tap);
  expect(await host.exec(compartment, "ip", "-o", "address", "show", "scope", "global")).toBe("");
}

/** @returns the kind of link that an example takes and this kernel has not */
async function lackingKind(host: Host, list: string): Promise<string | undefined> {
  const kinds = { ipvlan: ["ipvlan"], VLAN: ["vlan", "id", "42"] };
  for (const [word, type] of Object.entries(kinds)) {
    if (!list.includes(`"${word}"`)) continue;
    const add = ["ip", "link", "add", "link", "eth0", "name", "try", "type", ...type];
    if ((await host.run(host.ns, add)).exitCode !== 0) return type[0];
    await host.exec(host.ns, "ip", "link", "delete", "try");
  }
  return undefined;
}

/** host-local keeps its leases in a folder of the machine unless it is told another. */
function isolated(list: ReturnType<typeof toList>, dataDir: string): ReturnType<typeof toList> {
  const plugins = list.plugins.map((plugin) => {
    const ipam = "ipam" in plugin ? (plugin.ipam as { type?: string }) : undefined;
    return ipam?.type === "host-local" ? { ...plugin, ipam: { ...ipam, dataDir } } : plugin;
  });
  return { ...list, plugins };
}

function missing(types: readonly string[], list: object): string | undefined {
  const needed = [...types, ...(JSON.stringify(list).includes("host-local") ? ["host-local"] : [])];
  const absent = needed.filter((type) => ![ours, reference].some((place) => existsSync(join(place, type))));
  return absent.length === 0
    ? undefined
    : `not installed: ${absent.join(", ")} (Debian: containernetworking-plugins)`;
}
