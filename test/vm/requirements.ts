/** What this machine must have for a test machine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { binDir } from "../system/nat-lab.ts";
import { toolPath } from "../system/run-program.ts";
import { findKernel } from "./kernel.ts";
import { baseProgramNames } from "./programs.ts";

const debianPackages: Readonly<Record<string, string>> = {
  "qemu-system-x86_64": "qemu-system-x86",
  busybox: "busybox-static",
  socat: "socat",
  bridge: "iproute2",
  tc: "iproute2",
  ip: "iproute2",
  nft: "nftables",
  ldd: "libc-bin",
  env: "coreutils",
  nsenter: "util-linux",
  setpriv: "util-linux",
  setsid: "util-linux",
  timeout: "coreutils",
  wg: "wireguard-tools",
};

/** Says why no test machine can be booted here, or undefined. @param programs that the test puts into it */
export function whyNoVm(programs: readonly string[] = []): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `test machines need Linux on x86-64, this is ${process.platform} on ${process.arch}`;
  }
  const needed = ["qemu-system-x86_64", "busybox", "ldd", "setpriv", ...baseProgramNames, ...programs];
  const missing = needed.find((program) => Bun.which(program, { PATH: toolPath }) === null);
  if (missing !== undefined) {
    return `the program ${missing} is not installed (Debian: ${debianPackages[missing] ?? missing})`;
  }
  if (findKernel() === undefined) {
    return "there is no kernel for test machines (Debian: linux-image-cloud-amd64; test/prepare.mjs unpacks it)";
  }
  return existsSync(join(binDir, "nat")) ? undefined : `${binDir}/nat is not built`;
}
