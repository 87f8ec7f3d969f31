/** Why the kernel makes no vNIC on an uplink, where its errno alone tells nobody. */
import { CniError, errorCode } from "../../cni/error.ts";
import { formatOwner } from "../../model/owner.ts";
import type { Plan } from "../../model/plan.ts";
import { isStacked, type StackedSwitch } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { getLink } from "../../netlink/route/link.ts";
import { isErrno } from "../../os/error.ts";
import { linkOf } from "../link-of.ts";
import { StepError } from "../run.ts";

/** @returns undefined for what is none of these, or could not be undone, which the step's own error tells */
export function explainStacked(
  error: unknown,
  { owner, switch: vswitch, vnic }: Plan,
  host: Netlink,
): CniError | undefined {
  if (!isStacked(vswitch) || !(error instanceof StepError) || error.undoFailures.length > 0) return undefined;
  const { cause, step } = error;
  const refusal = (what: string, reason: string, details: string, code: number = errorCode.conflict) =>
    new CniError(code, `attach ${formatOwner(owner)}: ${what}`, { reason, details, cause: error });
  if (step.title.startsWith("link add link")) {
    if (isErrno(cause, "EBUSY")) return refusal(...portOf(vswitch, host));
    // With words of the kernel it is something else, such as the MTU.
    const isBare = cause instanceof NetlinkError && cause.kernelText === undefined;
    if (isErrno(cause, "EINVAL") && isBare) return refusal(...takenWhole(vswitch));
  }
  if (!isErrno(cause, "EADDRINUSE")) return undefined;
  return refusal(
    `another interface on ${vswitch.lower} has the MAC ${vnic.mac}`,
    "mac-in-use",
    "give the container another MAC, or none: it gets one of its own",
    errorCode.addressTaken,
  );
}

function portOf({ lower }: StackedSwitch, host: Netlink): readonly [string, string, string] {
  const master = masterOf(linkOf(host, lower), host);
  const what = master === undefined ? "is part of another interface" : `is a port of ${master.name}`;
  const other = master === undefined ? "that interface" : master.name;
  return [
    `the uplink ${lower} ${what}, which takes all its packets`,
    "uplink-in-use",
    `name ${other} as the uplink, or take ${lower} out of it`,
  ];
}

function masterOf(link: Link | undefined, host: Netlink): Link | undefined {
  if (link?.master === undefined) return undefined;
  return host.request(getLink(link.master)).map(decodeLink)[0];
}

/** Of an uplink that is passed through there is one macvlan and no other. */
function takenWhole({ lower, mode }: StackedSwitch): readonly [string, string, string] {
  return mode === "passthru"
    ? [
        `the uplink ${lower} has a macvlan already, and mode passthru gives it to one container alone`,
        "uplink-in-use",
        "call DEL for the other one first, or take another mode, in which containers share the uplink",
      ]
    : [
        `the uplink ${lower} takes no macvlan in mode ${mode}: as it seems, one container has it alone by mode passthru`,
        "uplink-in-use",
        "call DEL for that one first, or name another uplink",
      ];
}
