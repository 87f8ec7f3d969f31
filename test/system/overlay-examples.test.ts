import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capabilityArgs } from "../examples/capability-args.ts";
import { addChain, type Chain, checkChain, delChain, toList } from "../examples/chain.ts";
import { createHost, createLan, type Host } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { binDir, type CniResult, whyNoNat } from "./nat-lab.ts";

const why = whyNoNat();
const folder = join(import.meta.dirname, "../../conf-examples");

interface Attached {
  readonly host: Host;
  readonly ns: Namespace;
  readonly chain: Chain;
  readonly result: CniResult;
  /** Without the length of their prefix. */
  readonly addresses: readonly string[];
}

/** A container of an example on a host with this number on the underlay. */
async function attach(host: Host, file: string): Promise<Attached> {
  const ns = await host.compartment("example");
  const links = join(host.dir, "bin");
  mkdirSync(links, { recursive: true });
  // As the README says for configurations that come from Windows.
  symlinkSync(join(binDir, "overlay"), join(links, "sdnoverlay"));
  const chain: Chain = {
    host,
    list: toList(JSON.parse(readFileSync(join(folder, file), "utf8"))),
    path: [binDir, links],
    compartment: ns,
    containerId: "example-1",
    dataDir: join(host.dir, "state"),
    capabilityArgs,
  };
  const result = (await addChain(chain)) as CniResult;
  return { host, ns, chain, result, addresses: result.ips.map(({ address }) => address.split("/")[0] ?? "") };
}

describe.skipIf(why).each([
  ["overlay-static-first.conflist", "overlay-static-second.conflist"],
  ["overlay-stretched-first.conflist", "overlay-stretched-second.conflist"],
  // Windows' shape here, ours there: the same network.
  ["overlay-microsoft.conflist", "overlay-static-second.conflist"],
])(`%s on one host and %s on another${why ? `: ${why}` : ""}`, (...files) => {
  const stack = new AsyncDisposableStack();
  let lan: Host;
  let one: Attached;
  let other: Attached;

  beforeAll(async () => {
    lan = stack.use(await createLan());
    const [first, second] = [
      stack.use(await createHost({ lan: { ns: lan.ns, number: 1 }, linkLocal: true })),
      stack.use(await createHost({ lan: { ns: lan.ns, number: 2 }, linkLocal: true })),
    ];
    [one, other] = await Promise.all([attach(first, files[0]), attach(second, files[1])]);
  });
  afterAll(() => stack.disposeAsync());

  it("let their containers reach each other, in the families that both have", async () => {
    const reach = async (from: Attached, to: Attached) => {
      for (const address of to.addresses) {
        if (!from.addresses.some((own) => own.includes(":") === address.includes(":"))) continue;
        expect(await from.host.answersPing(from.ns, address), `${from.addresses} to ${address}`).toBe(true);
      }
    };
    await reach(one, other);
    await reach(other, one);
  });

  it("show each other their own addresses, and beyond the network their host's", async () => {
    const [at] = other.addresses;
    const port = 8000;
    await other.host.echo(other.ns, { protocol: "tcp", address: "0.0.0.0", port });
    const { from } = await one.host.ask(one.ns, { protocol: "tcp", address: at ?? "", port });
    expect(from).toBe(one.addresses[0]);
    await lan.echo(lan.ns, { protocol: "tcp", address: "0.0.0.0", port });
    const beyond = await one.host.ask(one.ns, { protocol: "tcp", address: "192.0.2.254", port });
    expect(beyond.from).toBe("192.0.2.1");
  });

  it("pass CHECK, and leave no container's part when they go", async () => {
    for (const { chain, result, host } of [one, other]) {
      await checkChain(chain, result);
      await delChain(chain, result);
      expect(await host.exec(host.ns, "ip", "-br", "link", "show", "type", "veth")).not.toContain("vp-");
    }
  });
});

/** Blocks of commands of a section. */
function commandsOf(section: string): readonly string[] {
  const readme = readFileSync(join(folder, "../README.md"), "utf8");
  const [, text = ""] = readme.split(`\n## ${section}\n`);
  const [own = ""] = text.split("\n## ");
  return [...own.matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block);
}

describe.skipIf(why)(`what README says to type${why ? `: ${why}` : ""}`, () => {
  it("joins two hosts", async () => {
    await using lan = await createLan();
    await using first = await createHost({ lan: { ns: lan.ns, number: 1 }, linkLocal: true });
    await using second = await createHost({ lan: { ns: lan.ns, number: 2 }, linkLocal: true });
    const [file = "", containers = ""] = commandsOf("Across hosts");
    // Compartments of all tests of the machine are in one folder.
    const name = `web-${process.pid}-${Date.now().toString(36)}`;
    const on = (host: Host, script: string) => {
      const here = script
        .replaceAll("/etc/cni/net.d", host.dir)
        .replaceAll("vswitch run", `${join(binDir, "vswitch")} run --conf-dir ${host.dir}`)
        .replace(" ping -c 3 ", " busybox ping -c 1 ")
        .replaceAll(/\bweb\b/g, name);
      const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
      const env = { PATH, VSWITCH_DATA_DIR: join(host.dir, "state"), VSWITCH_RUN_DIR: join(host.dir, "run") };
      return host.run(host.ns, ["sh", "-c", here], { env });
    };
    const swapped = file.replaceAll(/(10\.40\.|192\.0\.2\.)([12])/g, (_, net, n) => `${net}${3 - Number(n)}`);
    const [web = "", ping = "", remove = ""] = containers.split("\n");
    expect((await on(first, file)).exitCode).toBe(0);
    expect((await on(second, swapped)).exitCode).toBe(0);
    try {
      expect((await on(first, web)).stdout).toContain("inet 10.40.1.2/24");
      const pinged = await on(second, ping);
      expect(pinged.stdout).toContain("1 packets transmitted, 1 packets received");
    } finally {
      expect((await on(first, remove)).exitCode).toBe(0);
    }
  });
});
