/** Making and removing compartments: network namespaces that a file pins, as `ip netns` has them (mount(2), unshare(2)). */
import { CniError, errorCode } from "../cni/error.ts";
import { setLink } from "../netlink/route/set-link.ts";
import { isErrno } from "../os/error.ts";
import { closeFile, nodeFs, O_CREAT, openFile, pathBytes } from "../os/file.ts";
import { toolCall } from "../os/libc.ts";
import { leave, openCompartment } from "./netns.ts";

const CLONE_NEWNET = 0x40000000;
const O_EXCL = 0o200;
/** linux/mount.h. */
const MS_BIND = 1n << 12n;
const MS_REC = 1n << 14n;
const MS_SHARED = 1n << 20n;
const MNT_DETACH = 2;
const OWN = "/proc/thread-self/ns/net";

/**
 * A new compartment at `path`, with its loopback up.
 *
 * @throws {CniError} 101 when something is there, 110, 105
 */
export function createCompartment(path: string): void {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const doing = `make the compartment ${path}`;
  try {
    nodeFs().mkdirSync(folder, { recursive: true, mode: 0o755 });
    closeFile(openFile(path, O_CREAT | O_EXCL, 0o000));
  } catch (cause) {
    throw refused(doing, cause);
  }
  try {
    // So that those who have a view of the files of their own, as systemd's services have, see it too.
    share(folder);
    pin(path);
    const compartment = openCompartment(path);
    try {
      compartment.netlink.request(setLink("lo", { up: true }));
    } finally {
      compartment.close();
    }
  } catch (cause) {
    removeCompartment(path);
    throw refused(doing, cause);
  }
}

/** What is gone already is success. Processes in there keep it alive, nameless. @throws {SystemCallError} */
export function removeCompartment(path: string): void {
  const name = pathBytes(path);
  try {
    toolCall(`unmount ${path}`, ({ umount2 }) => umount2(name, MNT_DETACH));
  } catch (error) {
    // EINVAL: a plain file, left of a boot before or of a failure.
    if (!isErrno(error, "EINVAL", "ENOENT")) throw error;
  }
  nodeFs().rmSync(path, { force: true });
}

/** As ip-netns(8) does: the folder becomes a mount of its own where it is none. */
function share(folder: string): void {
  const [name, none] = [pathBytes(folder), pathBytes("none")];
  const shared = (): number =>
    toolCall(`share ${folder}`, ({ mount }) => mount(none, name, none, MS_SHARED | MS_REC, null));
  try {
    shared();
  } catch (error) {
    if (!isErrno(error, "EINVAL")) throw error;
    toolCall(`mount ${folder}`, ({ mount }) => mount(name, name, none, MS_BIND | MS_REC, null));
    shared();
  }
}

/** Only this thread goes into the new namespace, and comes back. */
function pin(path: string): void {
  const home = openFile(OWN);
  try {
    toolCall("make a network namespace", ({ unshare }) => unshare(CLONE_NEWNET));
    try {
      const [own, name, none] = [pathBytes(OWN), pathBytes(path), pathBytes("none")];
      toolCall(`mount ${path}`, ({ mount }) => mount(own, name, none, MS_BIND, null));
    } finally {
      leave(home, path);
    }
  } finally {
    closeFile(home);
  }
}

function refused(doing: string, cause: unknown): CniError {
  const why = cause instanceof Error ? cause.message : String(cause);
  if (isErrno(cause, "EEXIST"))
    return new CniError(errorCode.interfaceExists, `${doing}: it exists already`, {
      reason: "compartment-exists",
      details: "choose another name",
      cause,
    });
  const forbidden = isErrno(cause, "EPERM", "EACCES");
  return new CniError(forbidden ? errorCode.permission : errorCode.kernelRefused, `${doing}: ${why}`, {
    reason: forbidden ? "permission" : "kernel-refused",
    ...(forbidden ? { details: "this needs root" } : {}),
    cause,
  });
}
