/** What of the kernel overlay networks need, asked so that nothing is made: by requests that a kernel which knows them refuses. */
import { ip } from "../../addr/ip.ts";
import { noMac } from "../../model/path/groups.ts";
import type { OverlayMode } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Request } from "../../netlink/message.ts";
import { deleteNexthop } from "../../netlink/route/nexthop.ts";
import { createVxlan } from "../../netlink/route/vxlan.ts";
import { isErrno } from "../../os/error.ts";
import type { Machine } from "../machine.ts";

interface Trial {
  /** What is missing where the kernel knows nothing of it. */
  readonly missing: string;
  readonly request: Request;
}

/** A VNI has 24 bits: ERANGE, from a kernel that has VXLAN or loads it now. */
const vxlan: Trial = {
  missing: "VXLAN (CONFIG_VXLAN, module vxlan)",
  request: createVxlan({
    name: "vsx-trial",
    vni: 0xffff_ffff,
    local: ip("192.0.2.1"),
    udpPort: 4789,
    mac: noMac,
  }),
};

/** 0 is no number: EINVAL. */
const nexthops: Trial = { missing: "next hop objects (Linux 5.3)", request: deleteNexthop(0) };

/** @returns what is missing, in words; none when all is there */
export function missingForOverlay({ host }: Pick<Machine, "host">, mode: OverlayMode): readonly string[] {
  const trials = mode === "routed" ? [vxlan, nexthops] : [vxlan];
  return trials.filter((trial) => isUnknown(host, trial)).map(({ missing }) => missing);
}

function isUnknown(host: Netlink, { request }: Trial): boolean {
  try {
    host.request(request);
    return false;
  } catch (error) {
    return isErrno(error, "EOPNOTSUPP");
  }
}
