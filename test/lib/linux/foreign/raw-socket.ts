/** Frames in and out of an interface of the namespace that the thread is in (packet(7)). */
import { readFileSync } from "node:fs";
import { writeBe16, writeU16, writeU32 } from "../../../../lib/netlink/bytes.ts";
import { isErrno } from "../../../../lib/os/error.ts";
import { closeFile } from "../../../../lib/os/file.ts";
import { systemCall } from "../../../../lib/os/libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const ETH_P_ALL_BE = 0x0300;

export interface RawSocket {
  send(frame: Uint8Array): void;
  /** All that came in. */
  receive(): readonly Uint8Array[];
  close(): void;
}

export function openRaw(device: string): RawSocket {
  const fd = systemCall("open a packet socket", ({ socket }) =>
    socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, ETH_P_ALL_BE),
  );
  const lines = readFileSync("/proc/thread-self/net/dev_snmp6/".concat(device), "utf8");
  const index = Number(/^ifIndex\s+(\d+)/m.exec(lines)?.[1]);
  const address = new Uint8Array(20);
  writeU16(address, 0, AF_PACKET);
  writeBe16(address, 2, 0x0003);
  writeU32(address, 4, index);
  const buffer = new Uint8Array(4096);
  return {
    send: (frame) =>
      void systemCall("send a frame", ({ sendto }) =>
        sendto(fd, frame, frame.length, 0, address, address.length),
      ),
    receive() {
      const frames: Uint8Array[] = [];
      for (;;) {
        try {
          const length = systemCall("receive a frame", ({ recv }) =>
            recv(fd, buffer, buffer.length, MSG_DONTWAIT),
          );
          frames.push(buffer.slice(0, length));
        } catch (error) {
          if (isErrno(error, "EAGAIN")) return frames;
          throw error;
        }
      }
    },
    close: () => closeFile(fd),
  };
}
