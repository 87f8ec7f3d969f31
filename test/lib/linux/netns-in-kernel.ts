/** Goes into compartments and comes back, from a namespace of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CniError } from "../../../lib/cni/error.ts";
import { inCompartment, openCompartment } from "../../../lib/linux/netns.ts";
import { readSysctl, writeSysctl } from "../../../lib/linux/sysctl.ts";
import { createBridge } from "../../../lib/netlink/route/bridge.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { dumpLinks } from "../../../lib/netlink/route/link.ts";
import { setLink } from "../../../lib/netlink/route/set-link.ts";
import { here, ip, otherNamespace } from "./other-namespace.ts";

const other = await otherNamespace();
const home = here();
const dir = mkdtempSync(join(tmpdir(), "netns-"));
const out: Record<string, unknown> = {};
const attempt = (act: () => unknown) => {
  try {
    act();
    return "ok";
  } catch (error) {
    if (!(error instanceof CniError)) return String(error);
    return {
      code: error.code,
      reason: error.reason,
      message: error.message.replace(dir, "DIR"),
      help: error.details,
    };
  }
};

const seen: string[] = [];
const lines: string[] = [];
const compartment = openCompartment(other.path, {
  trace: (line) => lines.push(line),
  inside: () => seen.push(here()),
});
out.entered = seen.length === 1 && seen[0] !== home && here() === home;
out.inode = seen[0] === `net:[${compartment.inode}]`;
compartment.netlink.request(createBridge({ name: "inside" }));
out.links = compartment.netlink.request(dumpLinks()).map((one) => decodeLink(one).name);
out.trace = lines;
out.hostLinks = ip("link", "show", "type", "bridge");
out.result = inCompartment(compartment, () => here() !== home);
out.thrown = attempt(() =>
  inCompartment(compartment, () => {
    throw new Error("in there");
  }),
);
out.backAfterThrow = here() === home;
out.openThrown = attempt(() =>
  openCompartment(other.path, {
    inside: () => {
      throw new Error("while opening");
    },
  }),
);
out.backAfterOpen = here() === home;
compartment.netlink.request(setLink("lo", { up: true }));

out.sysctl = inCompartment(compartment, () => {
  const key = ["ipv4", "conf", "inside", "forwarding"];
  const before = readSysctl(key);
  const told = writeSysctl(key, "1");
  return { before, told, after: readSysctl(key), again: writeSysctl(key, "1") };
});
out.sysctlDots = inCompartment(compartment, () => {
  compartment.netlink.request(createBridge({ name: "a.100" }));
  writeSysctl(["ipv4", "conf", "a.100", "rp_filter"], "2");
  return readSysctl(["ipv4", "conf", "a.100", "rp_filter"]);
});
out.hostSysctl = readSysctl(["ipv4", "conf", "inside", "forwarding"]) ?? "absent";
out.sysctlRefused = attempt(() => writeSysctl(["ipv4", "conf", "lo", "forwarding"], "banana"));
out.sysctlAbsent = attempt(() => writeSysctl(["ipv4", "conf", "none", "forwarding"], "1"));

writeFileSync(join(dir, "plain"), "");
spawnSync("mkfifo", [join(dir, "fifo")]);
out.refused = Object.fromEntries(
  [
    join(dir, "none"),
    join(dir, "plain"),
    join(dir, "plain", "x"),
    join(dir, "fifo"),
    dir,
    "/proc/self/ns/mnt",
  ].map((path) => [path.replace(dir, "DIR"), attempt(() => openCompartment(path))]),
);
out.own = attempt(() => openCompartment("/proc/self/ns/net"));
out.home = here() === home;

other.end();
// The descriptor keeps the namespace although its last process has ended.
out.outlives = compartment.netlink.request(dumpLinks()).length;
compartment.close();
compartment.close();
rmSync(dir, { recursive: true });
console.log(JSON.stringify(out));
