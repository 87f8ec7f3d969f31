import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

/** Makes a bundle and unpacks it. @returns its files by name */
async function bundleOf(lab: NatLab, ...words: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const confDir = join(lab.host.dir, "net.d");
  mkdirSync(confDir, { recursive: true });
  const conf = { cniVersion: "1.0.0", name: "nat", plugins: [{ type: "nat", token: "tops3cret" }] };
  writeFileSync(join(confDir, "10-nat.conflist"), JSON.stringify(conf));
  const file = join(lab.host.dir, `bundle${words.join("")}.tar.gz`);
  const done = await toolOf(lab)("support-bundle", "--conf-dir", confDir, "-o", file, ...words);
  expect(done).toMatchObject({ exitCode: 0, stdout: "" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const folder = join(lab.host.dir, `unpacked${words.join("")}`);
  mkdirSync(folder);
  await lab.host.exec(lab.host.ns, "tar", "-xzf", file, "-C", folder);
  const root = join(folder, "vswitch-support");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(root, name)).isFile(),
  );
  for (const name of names) expect(done.stderr).toContain(name);
  return new Map(names.map((name) => [name, readFileSync(join(root, name), "utf8")]));
}

describe.skipIf(reason !== undefined)(`vswitch support-bundle${reason ? ` (${reason})` : ""}`, () => {
  it("holds what a stranger needs to see what is wrong, without secrets and addresses of the outside", async () => {
    await using lab = await createLab();
    const web = await lab.add({
      id: "web",
      config: { ...dual, policies: [{ Type: "ACL", Settings: { Action: "Allow", Direction: "In" } }] },
      runtimeConfig: publish(`${uplink.host4}:8080:80/tcp`),
    });
    await lab.host.exec(lab.host.ns, "ip", "link", "set", "eth0", "address", "00:1b:21:3c:4d:5e");
    await lab.host.exec(web.ns, "ip", "link", "set", "eth0", "mtu", "1400");
    const files = await bundleOf(lab);
    const all = [...files].map(([name, text]) => `${name}\n${text}`).join("\n");
    for (const secret of [uplink.host4, uplink.outside4, uplink.host6, "tops3cret", "1b:21:3c"])
      expect(all).not.toContain(secret);
    expect(files.get("state.json")).toContain(web.ip4);
    expect(files.get("scene.json")).toContain('"vsw-nat"');
    expect(files.get("nftables.txt")).toContain("chain inet vswitch postrouting");
    expect(files.get("nftables.txt")).toMatch(
      /add element inet vswitch published4 \{ 2[45]\d\.[\d.]+ \. tcp \. 8080/,
    );
    expect(files.get("check.json")).toContain("MTU of eth0");
    expect(files.get("sysctls.txt")).toContain("ipv4/ip_forward = 1");
    expect(files.get("conf/10-nat.conflist")).toContain('"token": "***"');
    expect(JSON.parse(files.get("doctor.json") ?? "")).toBeInstanceOf(Array);
    expect(JSON.parse(files.get("versions.json") ?? "")).toHaveProperty("kernel");
    for (const [name, text] of files) expect(text, name).not.toContain("could not be had");
    // The same address has the same name everywhere, so that the story holds together.
    const { host } = JSON.parse(files.get("scene.json") ?? "") as {
      host: { interfaces: { name: string; addresses: string[] }[] };
    };
    const own = host.interfaces.find(({ name }) => name === "eth0")?.addresses[0]?.split("/")[0] ?? "";
    expect(files.get("state.json")).toContain(`"hostIp": "${own}"`);
    // From it a stranger traces on a machine of his own.
    const scene = join(lab.host.dir, "unpacked/vswitch-support/scene.json");
    const trace = await toolOf(lab)("trace", "--from", "web", "--to", "198.51.100.7", "--scene", scene);
    expect(trace.stdout).toContain("DROPPED");
  });

  it("has addresses as they are when it is told to, and never secrets", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    const files = await bundleOf(lab, "--with-addresses");
    expect(files.get("scene.json")).toContain(uplink.host4);
    expect([...files.values()].join()).not.toContain("tops3cret");
  });

  it("goes to standard output too, and never over a file that is there", async () => {
    await using lab = await createLab();
    const words = toolOf(lab).words("support-bundle", "-o", "-", "--conf-dir", "/nonexistent").join(" ");
    const listed = await lab.host.run(lab.host.ns, ["sh", "-c", `${words} | tar -tz`], {
      env: { VSWITCH_DATA_DIR: lab.dataDir },
    });
    expect(listed.stdout.split("\n")).toContain("vswitch-support/README.txt");
    expect(existsSync(lab.dataDir)).toBe(false);
    const file = join(lab.host.dir, "mine");
    writeFileSync(file, "precious");
    const done = await toolOf(lab)("support-bundle", "-o", file);
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("EEXIST");
    expect(readFileSync(file, "utf8")).toBe("precious");
  });
});
