/**
 * Stands in for a virtual machine monitor: opens the tap of a guest's NIC and carries its frames to a namespace that is
 * the guest, whose kernel has a NIC of its own (`eth0`, a tap too) and does all that a guest's does.
 *
 * `bun monitor.ts JSON` with a `MonitorRequest`. Says "open" when it carries, or "refused ERRNO".
 */
import { dlopen } from "bun:ffi";
import { inCompartment, openCompartment } from "../../lib/linux/netns.ts";
import { encodeText } from "../../lib/netlink/bytes.ts";
import { SystemCallError } from "../../lib/os/error.ts";
import { O_NONBLOCK, O_RDWR, openFile, readFile, writeFile } from "../../lib/os/file.ts";
import { addressOf, fixedBytes, ioctlCall } from "../../lib/os/libc.ts";
import { POLLIN, poll } from "../../lib/os/poll.ts";

export interface MonitorRequest {
  /** Path of the namespace that the tap is in. Absent: the monitor's own. */
  readonly netns?: string;
  readonly tap: string;
  /** Path of the guest's. Absent: the tap is opened, and closed at the end. */
  readonly guest?: string;
  /** How often the tap is opened; several need one that has several queues. */
  readonly queues?: number;
  /** Whether it says that the tap has several. Default: as there are. */
  readonly multiQueue?: boolean;
  readonly vnetHeader?: boolean;
  /** Who it is when it opens the tap: user and group by number. Absent: root. */
  readonly user?: number;
  readonly group?: number;
}

/** linux/if_tun.h */
const TUNSETIFF = 0x400454ca;
const TAP_WITHOUT_INFO = 0x1002;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_VNET_HDR = 0x4000;

function attachTo(fd: number, name: string, flags: number): void {
  const ifreq = fixedBytes(40);
  ifreq.set(encodeText(name));
  new DataView(ifreq.buffer).setUint16(16, TAP_WITHOUT_INFO | flags, true);
  ioctlCall(`open ${name}`, fd, TUNSETIFF, addressOf(ifreq));
}

/** A descriptor belongs to the namespace that it was opened in, whoever opens what with it. */
function deviceIn(path: string | undefined): number {
  if (path === undefined) return openFile("/dev/net/tun", O_RDWR | O_NONBLOCK);
  const handle = openCompartment(path);
  try {
    return inCompartment(handle, () => openFile("/dev/net/tun", O_RDWR | O_NONBLOCK));
  } finally {
    handle.close();
  }
}

/** For good. */
function become(user: number, group: number): void {
  const { symbols } = dlopen("libc.so.6", {
    setgroups: { args: ["usize", "ptr"], returns: "i32" },
    setresgid: { args: ["u32", "u32", "u32"], returns: "i32" },
    setresuid: { args: ["u32", "u32", "u32"], returns: "i32" },
  });
  const done = [
    symbols.setgroups(0n, null),
    symbols.setresgid(group, group, group),
    symbols.setresuid(user, user, user),
  ];
  if (done.some((result) => result !== 0)) throw new Error(`become user ${user}: refused`);
}

const frame = new Uint8Array(70_000);

/** All that is there to read. @returns nothing; what cannot be taken is lost, as on any wire */
function carry(from: number, to: number): void {
  for (;;) {
    try {
      const length = readFile(from, frame);
      if (length === 0) return;
      tryWrite(to, frame.subarray(0, length));
    } catch (error) {
      if (error instanceof SystemCallError && error.code === "EAGAIN") return;
      throw error;
    }
  }
}

function tryWrite(fd: number, bytes: Uint8Array): void {
  try {
    writeFile(fd, bytes);
  } catch {
    // The NIC at the other end is down.
  }
}

function run(request: MonitorRequest): void {
  const { netns, tap, guest, queues = 1, multiQueue = queues > 1, vnetHeader = false } = request;
  const header = vnetHeader ? IFF_VNET_HDR : 0;
  const inside = guest === undefined ? undefined : deviceIn(guest);
  if (inside !== undefined) attachTo(inside, "eth0", header);
  const outside = Array.from({ length: queues }, () => deviceIn(netns));
  if (request.user !== undefined) become(request.user, request.group ?? request.user);
  for (const fd of outside) attachTo(fd, tap, header | (multiQueue ? IFF_MULTI_QUEUE : 0));
  console.log("open");
  const [first] = outside;
  if (inside === undefined || first === undefined) return;
  const watched = [inside, ...outside].map((fd) => ({ fd, events: POLLIN }));
  for (;;) {
    poll(watched, 1000);
    carry(inside, first);
    for (const fd of outside) carry(fd, inside);
  }
}

if (import.meta.main) {
  try {
    run(JSON.parse(process.argv[2] ?? "{}") as MonitorRequest);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    console.log(`refused ${error.code}`);
    process.exitCode = 1;
  }
}
