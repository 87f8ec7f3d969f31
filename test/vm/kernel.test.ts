import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findKernel, modulesInOrder } from "./kernel.ts";

describe("the kernel of test machines", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "vswitch-kernel-"));
    // The last one is newer, but its package was never set up.
    for (const release of [
      "6.1.0-9-cloud-amd64",
      "6.1.0-56-cloud-amd64",
      "6.1.0-57-cloud-amd64",
      "6.12.0-1-amd64",
    ]) {
      mkdirSync(join(root, "lib/modules", release), { recursive: true });
      mkdirSync(join(root, "boot"), { recursive: true });
      writeFileSync(join(root, "boot", `vmlinuz-${release}`), "");
      if (release.includes("-57-")) continue;
      const modules = join(root, "lib/modules", release);
      writeFileSync(
        join(modules, "modules.dep"),
        "net/8021q.ko: net/mrp.ko net/garp.ko\nnet/garp.ko: net/stp.ko\nnet/mrp.ko:\nnet/stp.ko:\nip-vlan.ko.xz: net/stp.ko\n",
      );
      writeFileSync(join(modules, "modules.builtin"), "kernel/drivers/tty/n_null.ko\n");
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const kernel = () => {
    const found = findKernel([join(root, "none"), root]);
    if (found === undefined) throw new Error("no kernel was found");
    return found;
  };
  const order = (...names: readonly string[]) =>
    modulesInOrder(kernel(), names).map((path) => path.replace(/^.*-cloud-amd64\//, ""));

  it("is the newest cloud kernel that is complete", () => {
    expect(kernel().release).toBe("6.1.0-56-cloud-amd64");
    expect(findKernel([join(root, "none")])).toBeUndefined();
  });

  it("loads a module once, after those it needs", () => {
    expect(order("8021q", "ip_vlan", "stp")).toEqual([
      "net/mrp.ko",
      "net/stp.ko",
      "net/garp.ko",
      "net/8021q.ko",
      "ip-vlan.ko.xz",
    ]);
  });

  it("leaves out what is part of the image, and names what is nowhere", () => {
    expect(order("n_null")).toEqual([]);
    expect(() => order("vrf")).toThrow("kernel 6.1.0-56-cloud-amd64 has no module vrf");
  });
});
