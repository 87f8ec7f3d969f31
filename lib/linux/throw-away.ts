/** A network namespace for a moment: whatever is made in it goes with it, and the host does not notice. */
import { connect, type Netlink } from "../netlink/connection.ts";
import { closeFile, openFile } from "../os/file.ts";
import { toolCall } from "../os/libc.ts";
import { leave } from "./netns.ts";
import { openNetlink } from "./socket.ts";

const CLONE_NEWNET = 0x40000000;
/** Of this thread: /proc/self would be that of the main thread. */
const OWN = "/proc/thread-self/ns/net";

export interface ThrowAway {
  readonly route: Netlink;
  readonly rules: Netlink;
}

/**
 * @param fn synchronous: the sockets are closed behind it, and with them the namespace ends
 * @throws {SystemCallError} where no namespace can be made, and whatever `fn` throws
 */
export function inThrowAway<T>(fn: (kernel: ThrowAway) => T): T {
  const sockets = openThere();
  try {
    return fn(sockets);
  } finally {
    sockets.route.close();
    sockets.rules.close();
  }
}

/** The sockets keep the namespace alive; the thread is there only while they are opened. */
function openThere(): ThrowAway {
  const home = openFile(OWN);
  try {
    toolCall("make a network namespace", ({ unshare }) => unshare(CLONE_NEWNET));
    try {
      const route = connect(openNetlink("route"));
      return { route, rules: connect(openNetlink("netfilter")) };
    } finally {
      leave(home, "a network namespace of its own");
    }
  } finally {
    closeFile(home);
  }
}
