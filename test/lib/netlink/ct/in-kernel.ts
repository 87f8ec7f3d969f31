/** Finds and deletes entries that `conntrack` made, in a namespace of its own. */
import { spawnSync } from "node:child_process";
import { ip } from "../../../../lib/addr/ip.ts";
import { openNetlink } from "../../../../lib/linux/socket.ts";
import { connect } from "../../../../lib/netlink/connection.ts";
import { type ConntrackFilter, dumpConntrack, encodeConntrackDump } from "../../../../lib/netlink/ct/dump.ts";
import { decodeConntrack, deleteConntrack } from "../../../../lib/netlink/ct/entry.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";

const tool = (...words: string[]) => {
  const { status, stderr } = spawnSync("conntrack", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
};
const flow = ["--sport", "1000", "--timeout", "100"];
tool("-I", "-p", "udp", "-s", "10.0.0.1", "-d", "10.0.0.2", "--dport", "53", ...flow);
tool(
  "-I",
  "-p",
  "udp",
  "-s",
  "10.0.0.1",
  "-d",
  "10.0.0.2",
  "--dport",
  "5353",
  "--dst-nat",
  "10.9.0.9:53",
  ...flow,
);
tool(
  "-I",
  "-p",
  "tcp",
  "-s",
  "10.0.0.1",
  "-d",
  "10.0.0.2",
  "--dport",
  "5353",
  "--state",
  "ESTABLISHED",
  ...flow,
);
tool("-I", "-p", "udp", "-s", "fd00::1", "-d", "fd00::2", "--dport", "5353", ...flow);

const netlink = connect(openNetlink("netfilter"));
const ports = (filter: ConntrackFilter) =>
  dumpConntrack(netlink, filter).map(
    ({ orig, reply }) => `${orig.dst}:${orig.dstPort} -> ${reply.src}:${reply.srcPort}`,
  );
const kernelCount = (filter: Partial<ConntrackFilter>) => netlink.request(encodeConntrackDump(filter)).length;

const found = {
  udp: ports({ family: 4, protocol: 17 }).sort(),
  published: ports({ family: 4, protocol: 17, origDstPort: 5353 }),
  container: ports({ family: 4, protocol: 17, replySrc: ip("10.9.0.9") }),
  both: ports({ family: 4, protocol: 17, origDstPort: 53, replySrc: ip("10.9.0.9") }),
  tcp: ports({ family: 4, protocol: 6, origDstPort: 5353 }),
  v6: ports({ family: 6, protocol: 17, origDstPort: 5353 }),
  sctp: ports({ family: 4, protocol: 132 }),
};
// Not narrowed here: how many the kernel itself lets through.
const counted = [
  kernelCount({ family: 4, protocol: 17, origDstPort: 5353 }),
  kernelCount({ family: 4 }),
  kernelCount({}),
];
const [entry] = dumpConntrack(netlink, { family: 4, protocol: 17, origDstPort: 5353 });
if (entry === undefined) throw new Error("no entry");
const deleted = netlink
  .requests([
    { ...deleteConntrack({ ...entry, id: entry.id ^ 1 }) },
    deleteConntrack(entry),
    deleteConntrack(entry),
  ])
  .map((one) => (one instanceof NetlinkError ? one.errnoName : "ok"));
const left = netlink.request(encodeConntrackDump({})).map((reply) => {
  const { orig } = decodeConntrack(reply);
  return `${orig.protocol} ${orig.dst}:${orig.dstPort}`;
});
console.log(JSON.stringify({ found, counted, deleted, left: left.sort() }));
