import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Attached, createLab, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

/** Writes down what the chain came to, as libcni does. @returns the folder */
function remember(lab: NatLab, { id, result }: Attached, mtu: number): string {
  const folder = join(lab.host.dir, "results");
  mkdirSync(folder, { recursive: true });
  const interfaces = result.interfaces.map((one) => ({ ...one, ...(one.sandbox ? { mtu } : {}) }));
  const entry = { containerId: id, networkName: "nat", ifName: "eth0", result: { ...result, interfaces } };
  writeFileSync(join(folder, `nat-${id}-eth0`), JSON.stringify(entry));
  return folder;
}

describe.skipIf(reason !== undefined)(`vswitch check${reason ? ` (${reason})` : ""}`, () => {
  it("passes what is as planned, with exit code 0", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web", runtimeConfig: publish("8080:80/tcp") });
    await lab.add({ id: "elsewhere", config: other });
    const done = await toolOf(lab)("check");
    expect(done).toMatchObject({ exitCode: 0, stderr: "" });
    expect(done.stdout.split("\n")).toEqual([
      "nat/web/eth0: as planned",
      "other/elsewhere/eth0: as planned",
      "2 endpoints checked, 0 differ",
    ]);
  });

  it("names what differs of the endpoints that are asked for, and ends with 1", async () => {
    await using lab = await createLab();
    const vswitch = toolOf(lab);
    const web = await lab.add({ id: "web" });
    await lab.add({ id: "base" });
    await lab.host.exec(web.ns, "ip", "address", "delete", `${web.ip4}/24`, "dev", "eth0");
    expect(await vswitch("check", "base")).toMatchObject({ exitCode: 0 });
    const done = await vswitch("check", "web", "nat/base", "--json");
    expect(done.exitCode).toBe(1);
    const [first, second] = JSON.parse(done.stdout);
    expect(first.differences).toContainEqual({
      what: `address ${web.ip4}/24 of eth0`,
      expected: "present",
      found: "absent",
    });
    expect(second.verdict).toBe("as planned");
    expect((await vswitch("check")).stdout).toContain("vswitch repair");
  });

  it("says what helps where a repair would not", async () => {
    await using lab = await createLab();
    const gone = await lab.add({ id: "gone" });
    const lost = await lab.add({ id: "lost" });
    await lab.host.remove(gone.ns);
    await lab.host.exec(lost.ns, "ip", "link", "delete", "eth0");
    const { stdout, exitCode } = await toolOf(lab)("check");
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`its compartment ${gone.netns} is gone: vswitch gc`);
    expect(stdout).toContain("restart the container");
    expect(stdout).not.toContain("vswitch repair");
  });

  it("takes for right what a later plugin of the chain changed, as the runtime remembers it", async () => {
    await using lab = await createLab();
    const vswitch = toolOf(lab);
    const tuned = await lab.add({ id: "tuned" });
    await lab.host.exec(tuned.ns, "ip", "link", "set", "eth0", "mtu", "1400");
    expect((await vswitch("check")).stdout).toMatch(/MTU of eth0 +expected 1500 +found 1400/);
    const folder = remember(lab, tuned, 1400);
    expect(await vswitch("check", "--results-dir", folder)).toMatchObject({ exitCode: 0 });
  });
});
