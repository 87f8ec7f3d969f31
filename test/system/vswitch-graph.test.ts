import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Graph } from "../../plugins/vswitch/graph/graph.ts";
import { binDir, createLab, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";
import { toolPath } from "./run-program.ts";

const reason = whyNoNat();

async function vswitch({ host, dataDir }: NatLab, ...args: readonly string[]): Promise<string> {
  const env = { PATH: toolPath, VSWITCH_DATA_DIR: dataDir };
  const { stdout, stderr, exitCode } = await host.plugin(join(binDir, "vswitch"), { args, env });
  if (exitCode !== 0) throw new Error(`vswitch ${args.join(" ")}: exit ${exitCode}: ${stderr}`);
  return stdout;
}

describe.skipIf(reason !== undefined)(`vswitch graph of a host${reason ? ` (${reason})` : ""}`, () => {
  it("shows the uplink, the networks, and what is attached to them", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const web = await lab.add({ id: "web", runtimeConfig: publish("8080:80/tcp") });
    await lab.add({ id: "web", ifname: "net1", ns: web.ns, config: other });
    await lab.add({ id: "db" });
    const graph: Graph = JSON.parse(await vswitch(lab, "graph", "--json"));
    const names = (kind: string) => graph.nodes.filter((node) => node.kind === kind).map(({ name }) => name);
    expect({
      interface: names("interface"),
      switch: names("switch"),
      compartment: names("compartment").toSorted(),
      vnic: names("vnic"),
      hostPort: names("hostPort"),
    }).toEqual({
      interface: ["eth0"],
      switch: ["nat", "other"],
      compartment: ["db", "web"],
      vnic: ["eth0", "eth0", "net1"],
      hostPort: ["tcp 8080"],
    });
    const ports =
      (await host.exec(host.ns, "ip", "-o", "link", "show", "type", "veth")).match(/vp-\w+/g) ?? [];
    expect(names("port").toSorted()).toEqual(ports.toSorted());
    const addresses = graph.nodes.flatMap(({ kind, lines }) => (kind === "vnic" ? lines : []));
    expect(addresses.map(({ text }) => text)).toContain(`${web.ip4}/24`);
  });

  it("is the same file each time, and leaves the host as it is", async () => {
    await using lab = await createLab();
    await lab.add({ runtimeConfig: publish("8080:80/tcp") });
    const before = await lab.host.snapshot(lab.everything);
    const svg = await vswitch(lab, "graph");
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(await vswitch(lab, "graph")).toBe(svg);
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });
});
