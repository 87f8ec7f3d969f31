/**
 * The kernel's part of an attachment to the LAN and nothing else (floor.ts): no state, no configuration, no answer.
 * What it takes is the least that any Bun-compiled program takes for that work.
 *
 * `floor-macvlan ADD|DEL COMPARTMENT`
 */
import type { Ip } from "../../lib/addr/ip.ts";
import type { Prefix } from "../../lib/addr/prefix.ts";
import { type CompartmentHandle, openCompartment } from "../../lib/linux/netns.ts";
import { openNetlink } from "../../lib/linux/socket.ts";
import { readU32 } from "../../lib/netlink/bytes.ts";
import { connect, type Netlink } from "../../lib/netlink/connection.ts";
import { addAddress } from "../../lib/netlink/route/address.ts";
import { deleteLink, getLink } from "../../lib/netlink/route/link.ts";
import { addRoute } from "../../lib/netlink/route/route.ts";
import { setLink } from "../../lib/netlink/route/set-link.ts";
import { createSublink } from "../../lib/netlink/route/sublink.ts";
import { exitNow } from "../../lib/os/exit.ts";

const [, , verb, path = ""] = process.argv;
const compartment = openCompartment(path);
if (verb === "DEL") compartment.netlink.request(deleteLink("eth0"));
else add(compartment);
exitNow(0);

/** As many round trips as it takes to learn two indexes and to make the link, and one for all the rest. */
function add({ fd, netlink: inside }: CompartmentHandle): void {
  const host = connect(openNetlink("route"));
  const lower = indexOf(host, "eth0");
  // Under another name first, for the reason that lib/linux/stacked/vnic.ts gives.
  host.request(
    createSublink({ name: "floor0", lower, netnsFd: fd, sublink: { kind: "macvlan", mode: "bridge" } }),
  );
  const index = indexOf(inside, "floor0");
  const outcomes = inside.together([
    setLink(index, { rename: "eth0" }),
    addAddress({ index, address: "10.72.255.2/16" as Prefix }),
    setLink(index, { up: true }),
    addRoute({ dst: "0.0.0.0/0" as Prefix, index, gateway: "10.72.0.1" as Ip }),
  ]);
  for (const failure of outcomes) if (failure !== undefined) throw failure;
}

/** By the second word of struct ifinfomsg; nothing else of the answer is read. */
function indexOf(netlink: Netlink, name: string): number {
  const [reply] = netlink.request(getLink(name));
  if (reply === undefined) throw new Error(`${name}: no answer`);
  return readU32(reply.payload, 4);
}
