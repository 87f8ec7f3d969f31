/** Prints what this kernel lacks for overlay networks, and the links there are afterwards. Run by features.test.ts. */
import { thisMachine } from "../../../../lib/linux/machine.ts";
import { missingForOverlay } from "../../../../lib/linux/overlay/features.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { dumpLinks } from "../../../../lib/netlink/route/link.ts";

const machine = thisMachine();
const routed = missingForOverlay(machine, "routed");
const links = machine.host.request(dumpLinks()).map((reply) => decodeLink(reply).name);
console.log(JSON.stringify({ routed, links }));
machine.close();
