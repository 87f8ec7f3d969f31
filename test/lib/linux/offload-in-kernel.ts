/** Prints what tx checksums were before, off, and on again, and how links are refused. Run by offload.test.ts. */
import { ip } from "../../../lib/addr/ip.ts";
import { readTxChecksum, setTxChecksum } from "../../../lib/linux/offload.ts";
import { openNetlink } from "../../../lib/linux/socket.ts";
import { connect } from "../../../lib/netlink/connection.ts";
import { createVeth } from "../../../lib/netlink/route/veth.ts";
import { createVxlan } from "../../../lib/netlink/route/vxlan.ts";
import { SystemCallError } from "../../../lib/os/error.ts";

const netlink = connect(openNetlink("route"));
netlink.request(createVxlan({ name: "vt0", vni: 4097, local: ip("192.0.2.1"), udpPort: 4789 }));
netlink.request(createVeth({ name: "vp0", peer: { name: "vp1" } }));
netlink.close();

const names = ["vt0", "vp0"];
const all = () => names.map(readTxChecksum);
const refusal = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    return error instanceof SystemCallError ? error.message : String(error);
  }
};

const before = all();
setTxChecksum("vt0", false);
const off = all();
setTxChecksum("vt0", false);
const offAgain = all();
setTxChecksum("vt0", true);
const on = all();
const refused = [refusal(() => setTxChecksum("nothing", false)), refusal(() => setTxChecksum("lo", false))];
const absent = readTxChecksum("nothing") ?? "absent";
console.log(JSON.stringify({ absent, before, off, offAgain, on, refused }));
