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
