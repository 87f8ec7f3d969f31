import { describe, expect, it } from "vitest";
import { createLab, type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat() ?? (Bun.which("bash") === null ? "bash is not installed" : undefined);

/** What bash would offer behind these words. */
async function offered(lab: NatLab, ...words: readonly string[]): Promise<readonly string[]> {
  const [exe = ""] = toolOf(lab).words();
  const script = `source <("${exe}" completion bash)
    COMP_WORDS=("${exe}" "$@"); COMP_CWORD=$#; _vswitch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const done = await lab.host.run(lab.host.ns, ["bash", "-c", script, "bash", ...words], {
    env: { VSWITCH_DATA_DIR: lab.dataDir },
  });
  return done.stdout.split("\n").filter(Boolean);
}

describe.skipIf(reason !== undefined)(`vswitch completion${reason ? ` (${reason})` : ""}`, () => {
  it("completes names of networks and endpoints, ports, options and their choices in bash", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    await lab.add({ id: "base" });
    expect(await offered(lab, "show", "")).toEqual(["web", "base", "nat"]);
    expect(await offered(lab, "trace", "--from", "w")).toEqual(["web"]);
    expect(await offered(lab, "capture", "vp-")).toHaveLength(2);
    expect(await offered(lab, "check", "nat/b")).toEqual(["nat/base/eth0"]);
    expect(await offered(lab, "completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(await offered(lab, "stats", "--int")).toEqual(["--interval"]);
  });
});
