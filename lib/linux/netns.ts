/** Compartments on Linux: network namespaces, entered for a moment and always left again (setns(2)). */
import { CniError, errorCode } from "../cni/error.ts";
import { connect, type Netlink } from "../netlink/connection.ts";
import { isErrno } from "../os/error.ts";
import { closeFile, nodeFs, O_NONBLOCK, openFile } from "../os/file.ts";
import { systemCall } from "../os/libc.ts";
import { statDescriptor, statFile } from "../os/stat.ts";
import { openNetlink } from "./socket.ts";

const CLONE_NEWNET = 0x40000000;
/** Of this thread: /proc/self would be that of the main thread. */
const OWN = "/proc/thread-self/ns/net";

/** An open compartment. Its sockets work in there from anywhere; the descriptor keeps it alive. */
export interface CompartmentHandle {
  readonly path: string;
  /** For IFLA_NET_NS_FD. */
  readonly fd: number;
  /** Device and inode number together name a namespace until the last reference to it is gone. */
  readonly dev: bigint;
  readonly inode: bigint;
  /** rtnetlink in the compartment. */
  readonly netlink: Netlink;
  close(): void;
}

export interface CompartmentOptions {
  readonly trace?: (line: string) => void;
  /** Runs inside, synchronously, once the sockets are open: /proc/sys/net is then that of the compartment. */
  readonly inside?: () => void;
}

/**
 * Opens the network namespace at `path`: one excursion into it for all sockets.
 * @throws {CniError} 100 `compartment-missing`, `not-a-compartment` or `own-compartment`; 110 `compartment-permission`
 */
export function openCompartment(path: string, options: CompartmentOptions = {}): CompartmentHandle {
  const fd = openNamespace(path);
  const open: { close(): void }[] = [{ close: () => closeFile(fd) }];
  const close = (): void => {
    for (const one of open.splice(0).reverse()) one.close();
  };
  try {
    const { device: dev, inode } = statDescriptor(fd);
    const own = statFile(OWN);
    if (own?.device === dev && own.inode === inode) throw ownCompartment(path);
    return inCompartment({ path, fd }, () => {
      const netlink = connect(openNetlink("route"), options.trace);
      open.push(netlink);
      options.inside?.();
      return { path, fd, dev, inode, netlink, close };
    });
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Runs `fn` inside an open compartment and comes back, whatever happens.
 * @param fn synchronous: after an await it would run in the wrong namespace
 * @throws {CniError} 100 `not-a-compartment`, 110 `compartment-permission`, and whatever `fn` throws
 */
export function inCompartment<T>(
  compartment: { readonly fd: number; readonly path: string },
  fn: () => T,
): T {
  const home = openFile(OWN);
  try {
    enter(compartment.fd, compartment.path);
    try {
      return fn();
    } finally {
      leave(home, compartment.path);
    }
  } finally {
    closeFile(home);
  }
}

/** Whether the path still leads to this compartment. If not, it lives as long as its last process or descriptor. */
export function stillThere({ path, dev, inode }: Pick<CompartmentHandle, "path" | "dev" | "inode">): boolean {
  const found = statFile(path);
  return found?.device === dev && found.inode === inode;
}

function openNamespace(path: string): number {
  try {
    // O_NONBLOCK: a FIFO at this path must not hold the plugin up.
    return openFile(path, O_NONBLOCK);
  } catch (cause) {
    if (isErrno(cause, "ENOENT", "ENOTDIR")) throw missing(path, cause);
    if (isErrno(cause, "EACCES", "EPERM")) throw forbidden(path, cause);
    throw notACompartment(path, cause);
  }
}

function enter(fd: number, path: string): void {
  try {
    systemCall(`enter ${path}`, ({ setns }) => setns(fd, CLONE_NEWNET));
  } catch (cause) {
    // The kernel itself checks what the descriptor is: EINVAL for anything but a network namespace.
    if (isErrno(cause, "EPERM")) throw forbidden(path, cause);
    throw isErrno(cause, "EINVAL") ? notACompartment(path, cause) : cause;
  }
}

/** There is no way on from here: whatever ran next would change a container's network instead of the host's. */
export function leave(home: number, path: string): void {
  try {
    systemCall("return to the host's network namespace", ({ setns }) => setns(home, CLONE_NEWNET));
  } catch (error) {
    nodeFs().writeSync(2, `${String(error)}: stopped inside ${path}\n`);
    process.exit(1);
  }
}

function missing(path: string, cause: unknown): CniError {
  return new CniError(errorCode.compartmentInvalid, `the compartment ${path} does not exist`, {
    reason: "compartment-missing",
    details: "the runtime creates the network namespace before it calls a plugin; the container may be gone",
    cause,
  });
}

function notACompartment(path: string, cause: unknown): CniError {
  return new CniError(errorCode.compartmentInvalid, `${path} is no compartment (network namespace)`, {
    reason: "not-a-compartment",
    details: "a plain file is left behind here when its namespace was unmounted, for instance by a reboot",
    cause,
  });
}

function ownCompartment(path: string): CniError {
  return new CniError(errorCode.compartmentInvalid, `${path} is the compartment of the host itself`, {
    reason: "own-compartment",
    details: "a container that shares the host's network is not to be attached to one; check CNI_NETNS",
  });
}

function forbidden(path: string, cause: unknown): CniError {
  return new CniError(errorCode.permission, `no permission to enter the compartment ${path}`, {
    reason: "compartment-permission",
    details: "plugins need CAP_SYS_ADMIN and CAP_NET_ADMIN: run the container runtime as root",
    cause,
  });
}
