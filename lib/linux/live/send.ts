/** Sends a packet, header and all, from the compartment that the calling thread is in: its own routes and neighbours apply. */
import { type Ip, ipBytes, ipFamily } from "../../addr/ip.ts";
import { writeU16 } from "../../netlink/bytes.ts";
import { SystemCallError } from "../../os/error.ts";
import { closeFile } from "../../os/file.ts";
import { attemptCall, systemCall } from "../../os/libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** The packet brings its own header (raw(7)). */
const IPPROTO_RAW = 255;

export interface Sender {
  /** @returns the failure, when there is no way to send it. */
  send(destination: Ip, packet: Uint8Array): SystemCallError | undefined;
  close(): void;
}

/** @throws {SystemCallError} EPERM without CAP_NET_RAW */
export function openSender(destination: Ip): Sender {
  const family = ipFamily(destination) === 4 ? AF_INET : AF_INET6;
  const fd = systemCall("open a raw socket", ({ socket }) =>
    socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW),
  );
  return {
    send(to, packet) {
      const address = socketAddress(to);
      const sent = attemptCall(({ sendto }) => sendto(fd, packet, packet.length, 0, address, address.length));
      return sent < 0 ? new SystemCallError(`send to ${to}`, -sent) : undefined;
    },
    close: () => closeFile(fd),
  };
}

/** struct sockaddr_in and sockaddr_in6, port 0. */
function socketAddress(address: Ip): Uint8Array {
  const v4 = ipFamily(address) === 4;
  const encoded = new Uint8Array(v4 ? 16 : 28);
  writeU16(encoded, 0, v4 ? AF_INET : AF_INET6);
  encoded.set(ipBytes(address), v4 ? 4 : 8);
  return encoded;
}
