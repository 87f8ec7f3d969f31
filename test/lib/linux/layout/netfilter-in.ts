/** An nfnetlink connection to a namespace of a test. */
import { closeSync, openSync } from "node:fs";
import { inCompartment } from "../../../../lib/linux/netns.ts";
import { openNetlink } from "../../../../lib/linux/socket.ts";
import { connect, type Netlink } from "../../../../lib/netlink/connection.ts";
import type { Namespace } from "../../../system/namespaces.ts";

export function netfilterIn({ path }: Namespace): Netlink {
  const fd = openSync(path, "r");
  try {
    return inCompartment({ fd, path }, () => connect(openNetlink("netfilter")));
  } finally {
    closeSync(fd);
  }
}
