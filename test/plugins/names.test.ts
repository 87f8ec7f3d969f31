import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainName } from "../../plugins/names.ts";

const executable = join(import.meta.dirname, "../../dist/bin/nat");

describe("the name of a plugin", () => {
  it.each([
    ["nat", "nat"],
    ["vswitch-nat", "nat"],
    ["NAT", "nat"],
    ["vswitch", "vswitch"],
    ["vswitch-", "vswitch-"],
    ["sdnoverlay", "overlay"],
    ["Overlay", "overlay"],
    ["win-overlay", "overlay"],
    ["vswitch-sdnoverlay", "overlay"],
    ["win-bridge", "win-bridge"],
    ["constructor", "constructor"],
  ])("%s is that of %s", (called, name) => {
    expect(plainName(called)).toBe(name);
  });
});

describe("the executable", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "vst-names-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** An ADD without a network's number, by a link of this name. */
  const called = async (name: string) => {
    symlinkSync(executable, join(folder, name));
    const { stdout, exitCode, stderr } = await execa(join(folder, name), {
      input: JSON.stringify({ cniVersion: "1.0.0", name: "blue", type: name, mode: "routed" }),
      env: {
        CNI_COMMAND: "ADD",
        CNI_CONTAINERID: "c1",
        CNI_NETNS: "/run/netns/none",
        CNI_IFNAME: "eth0",
        CNI_PATH: folder,
        VSWITCH_DATA_DIR: folder,
      },
      extendEnv: false,
      reject: false,
    });
    return { exitCode, text: `${stdout}${stderr}` };
  };

  it.each(["sdnoverlay", "win-overlay", "Overlay"])(
    "becomes the overlay plugin by a link that is called %s",
    async (name) => {
      const { exitCode, text } = await called(name);
      expect(exitCode).toBe(1);
      expect(text).toContain("vni: expected the network's number");
    },
  );

  it("is none by a name that no plugin has, and says which there are", async () => {
    const { exitCode, text } = await called("win-bridge");
    expect(exitCode).toBe(2);
    expect(text).toContain("nat, ipam, transparent, overlay, vswitch");
  });
});
