/** Runs inside a host: makes the tables of a live probe, says so, and waits to be killed. */
import { ip } from "../../lib/addr/ip.ts";
import { makeLiveTables } from "../../lib/linux/live/live-table.ts";
import { openNetlink } from "../../lib/linux/socket.ts";
import { connect } from "../../lib/netlink/connection.ts";

const rules = connect(openNetlink("netfilter"));
makeLiveTables(rules, {
  ends: { source: ip("10.61.0.2"), destination: ip("10.61.0.3") },
  identification: 1,
  from: ["vp-1"],
});
console.log("watching");
await Bun.sleep(60_000);
