import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../../../../plugins/vswitch/cli.ts";
import { overlayHost } from "../../../lib/model/path/overlay-scene.ts";
import { bears, published, usual } from "../../../lib/model/path/story.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "vswitch-"));
  const { scene } = usual({
    web: bears(published("10.1.0.2")),
    db: { aclDefault: { In: "Block", Out: "Allow" } },
  });
  writeFileSync(join(dir, "scene.json"), JSON.stringify(scene));
  writeFileSync(join(dir, "none.json"), "{}");
  for (const number of [1, 2])
    writeFileSync(join(dir, `host${number}.json`), JSON.stringify(overlayHost(number, "routed").scene));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function vswitch(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { print: (text: string) => out.push(text), complain: (text: string) => err.push(text) };
  const code = await runCli(args, terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

const trace = (...args: readonly string[]) => vswitch("trace", "--scene", join(dir, "scene.json"), ...args);

describe("vswitch trace", () => {
  test("has help with examples and exit codes", async () => {
    const { code, out } = await vswitch("trace", "--help");
    expect(code).toBe(0);
    expect(out).toContain("Examples:");
    expect(out).toContain("3 dropped");
  });

  test.each([
    [["--from", "web", "--to", "198.51.100.9:443"], 0, "LEAVES the host by eth0"],
    [["--from", "198.51.100.7", "--to", "192.0.2.10:8080"], 0, "DELIVERED to nat/web/eth0"],
    [["--from", "host", "--to", "127.0.0.1:8080"], 0, "DELIVERED to nat/web/eth0"],
    [["--from", "web", "--to", "db:80"], 3, "DROPPED at port.acl.in (acl-default)"],
    [["--from", "web", "--to", "db:80", "--state", "established"], 0, "DELIVERED to nat/db/eth0"],
    [["--from", "web", "--to", "10.1.0.3", "--proto", "arp"], 0, "DELIVERED to nat/db/eth0"],
    [["--from", "web", "--to", "198.51.100.9", "--bytes", "1501"], 3, "(mtu)"],
    [["--from", "web", "--to", "198.51.100.9", "--ttl", "1"], 3, "(ttl)"],
    [["--from", "web", "--to", "198.51.100.9", "--spoof-source", "10.1.0.3"], 3, "(spoofed)"],
    [["--from", "web", "--to", "198.51.100.9", "--spoof-mac", "02:00:00:00:00:09"], 3, "(spoofed)"],
    [["--from", "198.51.100.7", "--to", "192.0.2.10", "--proto", "tcp"], 4, "NEEDS MORE INPUT"],
  ])("%j ends with %i: %s", async (args, code, text) => {
    const answer = await trace(...args);
    expect(answer).toMatchObject({ code, err: "" });
    expect(answer.out).toContain(text);
  });

  test.each([
    [["--from", "nat", "--to", "198.51.100.9"], "may be nat/web/eth0 or nat/db/eth0"],
    [["--from", "web", "--to", "nobody:80"], "there are nat/web/eth0"],
    [["--from", "web"], "to"],
    [["--from", "web", "--from", "db", "--to", "198.51.100.9"], "--from stands twice"],
    [["--from", "web", "--to", "198.51.100.9", "--proto", "gre"], "gre"],
    [
      ["--from", "web", "--to", "198.51.100.9", "--minimal", "--json"],
      "one format at a time: minimal or json",
    ],
    [["--from", "web", "--to", "198.51.100.9", "--bytes", "many"], "--bytes must be a whole number"],
  ])("%j is refused with 2: %s", async (args, text) => {
    const { code, out, err } = await trace(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(text);
  });

  const first = () => ["trace", "--scene", join(dir, "host1.json"), "--from", "web"];

  test("goes on at another host whose scene it has", async () => {
    const peer = ["--peer", join(dir, "none-of-it.json"), "--peer", join(dir, "host2.json")];
    writeFileSync(join(dir, "none-of-it.json"), JSON.stringify(usual().scene));
    const answer = await vswitch(...first(), "--to", "10.40.2.3:80", ...peer);
    expect(answer).toMatchObject({ code: 0, err: "" });
    expect(answer.out).toContain("DELIVERED to blue/db/eth0 on host-2");
  });

  test("knows the endpoints of other hosts by name, after its own", async () => {
    const scene = overlayHost(2, "routed").scene;
    const renamed = JSON.stringify(scene).replaceAll('"containerId":"db"', '"containerId":"elsewhere"');
    writeFileSync(join(dir, "renamed.json"), renamed);
    const named = (to: string) => vswitch(...first(), "--to", to, "--peer", join(dir, "renamed.json"));
    expect((await named("elsewhere:80")).out).toContain("DELIVERED to blue/elsewhere/eth0 on host-2");
    expect((await named("db:80")).out).toContain("DELIVERED to blue/db/eth0\n");
  });

  test("hands it over where the other host is not known", async () => {
    const { code, out } = await vswitch(...first(), "--to", "10.40.2.3:80");
    expect(code).toBe(0);
    expect(out).toContain("HANDED to VTEP 192.0.2.2 (host host-2) by eth0");
    expect(out).toContain("give --peer");
  });

  test("begins at another host's container, by its address", async () => {
    const words = ["--from", "10.40.2.2", "--to", "web:80"];
    const { out } = await vswitch("trace", "--scene", join(dir, "host1.json"), ...words);
    expect(out).toContain("from 10.40.2.2, on host-2");
    expect(out).toContain("DELIVERED to blue/web/eth0");
  });

  test("tells what is wrong with a peer", async () => {
    const { code, err } = await vswitch(...first(), "--to", "10.40.2.3", "--peer", join(dir, "none.json"));
    expect(code).toBe(1);
    expect(err).toContain("none.json is no scene");
  });

  test("prints JSON for programs", async () => {
    const { out } = await trace("--from", "web", "--to", "db:80", "--json");
    expect(JSON.parse(out).trace.verdict).toMatchObject({ kind: "dropped", reason: "acl-default" });
  });

  test("prints byte-stable lines", async () => {
    const { out } = await trace("--from", "web", "--to", "db:80", "--minimal");
    expect(out.split("\n").at(-1)).toBe("dropped port.acl.in acl-default");
  });

  test("writes a picture to a file", async () => {
    const file = join(dir, "path.svg");
    expect(await trace("--from", "web", "--to", "db:80", "--format", "svg", "-o", file)).toEqual({
      code: 3,
      out: "",
      err: "",
    });
    expect(readFileSync(file, "utf8")).toMatch(/^<svg /);
  });

  test.each(["none.json", "nothing.json"])("tells what is wrong with a scene (%s)", async (name) => {
    const answer = await vswitch("trace", "--scene", join(dir, name), "--from", "host", "--to", "10.1.0.2");
    expect(answer.code).toBe(1);
    expect(answer.err).toContain(name);
  });

  test("tells when a file cannot be written", async () => {
    const file = join(dir, "no/such/folder.svg");
    const answer = await trace("--from", "web", "--to", "db:80", "-o", file);
    expect(answer.code).toBe(1);
    expect(answer.err).toContain(file);
  });
});
