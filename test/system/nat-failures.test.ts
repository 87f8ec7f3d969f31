import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { failEverywhere, failuresRequest } from "./failing-add.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const hostLocal = {
  ipam: { type: "host-local", ranges: [[{ subnet: "10.61.0.0/24" }], [{ subnet: "fd00:61::/64" }]] },
};
const cases = [
  { title: "to a network that is there", warm: true, config: dual, atLeast: 25 },
  { title: "that is the host's first", warm: false, config: dual, atLeast: 40 },
  { title: "with a delegate for its addresses", warm: true, config: hostLocal, atLeast: 25 },
];
const whyNoDelegate = existsSync("/usr/lib/cni/host-local")
  ? ""
  : " (/usr/lib/cni/host-local is not installed)";

const runtimeConfig = publish("8080:80/tcp", "8053:53/udp", "127.0.0.1:8081:81/tcp");

const requestOf = (lab: NatLab, container: Namespace) =>
  failuresRequest(lab, { type: "nat", container, config: dual, runtimeConfig });

describe.skipIf(reason !== undefined)(`an ADD that fails${reason ? ` (${reason})` : ""}`, () => {
  it.for(cases)("at any step leaves the host and its state as they were: $title", async (one, { skip }) => {
    skip(one.config === hostLocal && whyNoDelegate !== "", whyNoDelegate);
    await using lab = await createLab();
    const { host } = lab;
    const folder = `${host.dir}/leases`;
    const config =
      "type" in one.config.ipam
        ? { cniVersion: "1.0.0", ipam: { ...one.config.ipam, dataDir: folder } }
        : one.config;
    if (one.warm) await lab.add({ config, env: { CNI_PATH: "/usr/lib/cni" } });
    const container = await host.compartment();
    const { count, result } = await failEverywhere(lab, {
      type: "nat",
      container,
      config,
      runtimeConfig,
      folders: [folder],
    });
    console.log(`${one.title}: failed at ${count} steps`);
    expect(count).toBeGreaterThan(one.atLeast);
    const attached = { id: "victim", netns: container.path, config, env: { CNI_PATH: "/usr/lib/cni" } };
    await lab.done("CHECK", { ...attached, runtimeConfig, prevResult: JSON.parse(result) });
    await lab.done("DEL", attached);
  });

  it("at its very end, when it cannot be written down, leaves no interface behind", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot(lab.everything);
    const kernel = await host.snapshot();
    const container = await host.compartment();
    const request = requestOf(lab, container);
    const script = `${import.meta.dirname}/nat-store-lost-child.ts`;
    const printed = await host.exec(host.ns, process.execPath, script, JSON.stringify(request), "file");
    const outcome = JSON.parse(printed);
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ code: 11 });
    expect(await host.changes(kernel)).toBe("");
    // What could not be taken back in the file waits for DEL.
    await lab.done("DEL", { id: "victim", netns: container.path });
    expect(await host.changes(before, lab.everything)).toBe("");
  });

  it("because a DEL or GC overtook it leaves nothing, and does not tell of an address that is free", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot(lab.everything);
    const request = requestOf(lab, await host.compartment());
    const script = `${import.meta.dirname}/nat-store-lost-child.ts`;
    const printed = await host.exec(host.ns, process.execPath, script, JSON.stringify(request), "row");
    const outcome = JSON.parse(printed);
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ code: 11 });
    expect(await host.changes(before, lab.everything)).toBe("");
  });
});
