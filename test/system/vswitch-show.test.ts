import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createLab, dual, other, publish, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

const acl = (Settings: Record<string, unknown>) => ({ Type: "ACL", Settings });

describe.skipIf(reason !== undefined)(`vswitch show${reason ? ` (${reason})` : ""}`, () => {
  it("says so where nothing is known yet, and makes no state by looking", async () => {
    await using lab = await createLab();
    const show = await toolOf(lab)("show");
    expect(show).toMatchObject({ exitCode: 0, stderr: "" });
    expect(show.stdout).toContain(lab.dataDir);
    expect(existsSync(lab.dataDir)).toBe(false);
  });

  it("lists networks and endpoints, with what passed their ports", async () => {
    await using lab = await createLab();
    const vswitch = toolOf(lab);
    const web = await lab.add({ id: "web", runtimeConfig: publish("8080:80/tcp") });
    const elsewhere = await lab.add({ id: "elsewhere", config: other });
    expect(await lab.host.answersPing(web.ns, web.gateway4)).toBe(true);
    const view = (await vswitch.json("show")) as {
      networks: unknown[];
      endpoints: { counters: { out: { packets: number; bytes: number } } }[];
    };
    expect(view.networks).toMatchObject([
      { name: "nat", kind: "nat", switch: "vsw-nat", state: "up", masquerade: true, uplink: "eth0" },
      { name: "other", subnets: ["10.62.0.0/24", "fd00:62::/64"], endpoints: 1 },
    ]);
    expect(view.endpoints).toMatchObject([
      { containerId: "web", state: "up", addresses: [`${web.ip4}/24`, `${web.ip6}/64`] },
      { containerId: "elsewhere", state: "up" },
    ]);
    const out = view.endpoints[0]?.counters.out;
    expect(out?.packets).toBeGreaterThan(0);
    expect(out?.bytes).toBeGreaterThan(84);
    const { stdout } = await vswitch("show");
    expect(stdout).toMatch(
      /^nat +nat +vsw-nat +up +1500 +10\.61\.0\.0\/24 fd00:61::\/64 +masqueraded by eth0/m,
    );
    expect(stdout).toMatch(/^nat\/web\/eth0 +up +10\.61\.0\.2\/24 /m);
    expect((await vswitch("show", "other")).stdout).toContain(elsewhere.ip4);
    expect((await vswitch("show", "other")).stdout).not.toContain("nat/web/eth0");
  });

  it("prints the ACLs of an endpoint in the order in which they are judged, and what closes the list", async () => {
    await using lab = await createLab();
    const policies = [
      acl({ Action: "Block", Direction: "Out", Priority: 300 }),
      acl({ Action: "Allow", Direction: "Out", Protocols: "6", RemotePorts: "443", Priority: 100 }),
    ];
    const box = await lab.add({ id: "box", config: { ...dual, policies } });
    const { stdout } = await toolOf(lab)("show", box.ip4);
    const lines = stdout.split("\n").map((line) => line.trim().replace(/ +/g, " "));
    expect(lines.slice(lines.indexOf("acl In (to the container)")).slice(0, 5)).toEqual([
      "acl In (to the container)",
      "- Block the rest (any ACL: the rest is denied)",
      "acl Out (from the container)",
      "100 Allow tcp local any remote port 443",
      "300 Block any local any remote any",
    ]);
  });

  it("names what is there when it is asked for something else, and ends with 2", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    const asked = await toolOf(lab)("show", "wbe");
    expect(asked).toMatchObject({ exitCode: 2, stdout: "" });
    expect(asked.stderr).toContain("nat/web/eth0");
    expect(asked.stderr).toContain("networks: nat");
  });

  it("tells apart what is up from what has lost its port or its compartment", async () => {
    await using lab = await createLab();
    await lab.add({ id: "up" });
    const lost = await lab.add({ id: "lost" });
    const gone = await lab.add({ id: "gone" });
    await lab.host.exec(lost.ns, "ip", "link", "delete", "eth0");
    await lab.host.remove(gone.ns);
    const { endpoints } = (await toolOf(lab).json("show", "nat")) as { endpoints: { state: string }[] };
    expect(endpoints.map(({ state }) => state)).toEqual(["up", "port gone", "compartment gone"]);
  });
});
