/** What a link's hardware computes for the stack, by the ioctl that every kernel has (linux/ethtool.h, linux/sockios.h). */
import { encodeText, readU32, writeU32, writeU64 } from "../netlink/bytes.ts";
import { isErrno } from "../os/error.ts";
import { closeFile } from "../os/file.ts";
import { addressOf, fixedBytes, ioctlCall, systemCall } from "../os/libc.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

const SIOCETHTOOL = 0x8946;
const ETHTOOL_GTXCSUM = 0x16;
const ETHTOOL_STXCSUM = 0x17;

/** struct ifreq: name, then where the command is. */
const IFREQ_BYTES = 40;
const IFREQ_DATA = 16;
/** struct ethtool_value: command, value. */
const VALUE_BYTES = 8;

/**
 * Whether checksums of what leaves by the link are computed as late as can be. Off, the kernel computes each by itself and
 * segments TCP before the link, which on a VXLAN costs four fifths of the throughput. It is lost with the link.
 *
 * @param name of a link in the compartment that the thread is in
 * @throws {SystemCallError} ENODEV; EOPNOTSUPP where the link does not let it be chosen
 */
export function setTxChecksum(name: string, on: boolean): void {
  ethtool(`turn tx checksums of ${name} ${on ? "on" : "off"}`, name, ETHTOOL_STXCSUM, on ? 1 : 0);
}

/** @returns undefined where there is no such link (any more). @throws {SystemCallError} */
export function readTxChecksum(name: string): boolean | undefined {
  try {
    return readFlag(name);
  } catch (error) {
    if (isErrno(error, "ENODEV")) return undefined;
    throw error;
  }
}

function readFlag(name: string): boolean {
  return ethtool(`read whether ${name} has tx checksums`, name, ETHTOOL_GTXCSUM, 0) !== 0;
}

/** @returns the value that the kernel leaves in the command */
function ethtool(title: string, name: string, command: number, value: number): number {
  const data = fixedBytes(VALUE_BYTES);
  writeU32(data, 0, command);
  writeU32(data, 4, value);
  const ifreq = fixedBytes(IFREQ_BYTES);
  ifreq.set(encodeText(name));
  writeU64(ifreq, IFREQ_DATA, addressOf(data));
  const fd = systemCall(title, ({ socket }) => socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    ioctlCall(title, fd, SIOCETHTOOL, addressOf(ifreq));
  } finally {
    closeFile(fd);
  }
  return readU32(data, 4);
}
