/** Making a tap: a link whose other end is a program's (linux/if_tun.h). Netlink cannot; the device file can. */
import { CniError, errorCode } from "../../cni/error.ts";
import type { Tap } from "../../model/vnic.ts";
import { encodeText } from "../../netlink/bytes.ts";
import { isErrno } from "../../os/error.ts";
import { closeFile, O_RDWR, openFile } from "../../os/file.ts";
import { addressOf, fixedBytes, ioctlCall } from "../../os/libc.ts";

const DEVICE = "/dev/net/tun";

/** asm-generic/ioctl.h; of the platforms with their own numbers none runs this. */
const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOWNER = 0x400454cc;
const TUNSETGROUP = 0x400454ce;

const IFF_TAP = 0x0002;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** EBUSY where a link of that name is there: nobody else's is taken. */
const IFF_TUN_EXCL = 0x8000;

/** struct ifreq: name, then flags. */
const IFREQ_BYTES = 40;
const IFREQ_FLAGS = 16;

const ROOT = 0;

/** @throws {CniError} 2 where the kernel has no taps. @throws {SystemCallError} EPERM, EACCES */
export const requireTaps = (): void => closeFile(openDevice("look for taps"));

export type NewTap = Omit<Tap, "attach">;

/**
 * Makes the tap in the compartment that the thread is in. It stays when this process ends, and is gone with it when the
 * process is killed before.
 *
 * @throws {CniError} 2 where the kernel has no taps. @throws {SystemCallError} EBUSY when the name is taken
 */
export function createTap(tap: NewTap): void {
  const title = `make the tap ${tap.name}`;
  const fd = openDevice(title);
  try {
    const ifreq = fixedBytes(IFREQ_BYTES);
    ifreq.set(encodeText(tap.name));
    new DataView(ifreq.buffer).setUint16(IFREQ_FLAGS, flagsOf(tap), true);
    ioctlCall(title, fd, TUNSETIFF, addressOf(ifreq));
    const owner = tapOwner(tap);
    if (owner !== undefined) ioctlCall(`${title}: owner`, fd, TUNSETOWNER, owner);
    if (tap.group !== undefined) ioctlCall(`${title}: group`, fd, TUNSETGROUP, tap.group);
    ioctlCall(`${title}: keep it`, fd, TUNSETPERSIST, 1);
  } finally {
    closeFile(fd);
  }
}

/** The kernel lets anybody open a tap that has neither owner nor group. */
const tapOwner = ({ owner, group }: NewTap): number | undefined =>
  owner ?? (group === undefined ? ROOT : undefined);

function flagsOf({ multiQueue, vnetHeader }: NewTap): number {
  return (
    IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL | (multiQueue ? IFF_MULTI_QUEUE : 0) | (vnetHeader ? IFF_VNET_HDR : 0)
  );
}

function openDevice(title: string): number {
  try {
    return openFile(DEVICE, O_RDWR);
  } catch (cause) {
    if (!isErrno(cause, "ENOENT", "ENODEV", "ENXIO")) throw cause;
    throw new CniError(errorCode.unsupportedField, `${title}: the kernel has no taps (${DEVICE})`, {
      reason: "tap-unsupported",
      details: 'load the module tun (modprobe tun), or attach the container with "vnic": "hostVnic"',
      cause,
    });
  }
}
