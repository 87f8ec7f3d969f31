/** Which boot of the host this is. */
import { CniError, errorCode } from "../cni/error.ts";
import { readText } from "../os/file.ts";

/** @throws {CniError} 106 when the kernel does not say (no /proc) */
export function readBootId(path = "/proc/sys/kernel/random/boot_id"): string {
  try {
    return readText(path).trim();
  } catch (cause) {
    throw new CniError(errorCode.dependencyMissing, `cannot read ${path}`, {
      reason: "boot-id-missing",
      details: "/proc must be mounted: leases are void after a reboot, which this tells",
      cause,
    });
  }
}

/** When the host booted, in milliseconds since 1970 (proc(5), /proc/uptime). @param nowMs the same of now */
export function readBootMs(nowMs: number): number {
  const seconds = Number(readText("/proc/uptime").split(" ")[0]);
  return nowMs - seconds * 1000;
}
