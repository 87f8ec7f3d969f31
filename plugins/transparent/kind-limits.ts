/** What some kinds of external switch cannot do: nothing asked for is left undone in silence. Pure. */
import type { Mac } from "../../lib/addr/mac.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { AddRequest } from "../../lib/cni/request.ts";
import type { RawTransparent, TransparentConfig } from "./config.ts";

type Kind = TransparentConfig["kind"];

/** @throws {CniError} 2 */
export function refuseForKind(
  kind: Kind,
  { mode, hostAccess }: Pick<RawTransparent, "mode" | "hostAccess">,
  vlan: number | undefined,
  mac: Mac | undefined,
): void {
  if (kind === "ipvlan") {
    if (mac !== undefined)
      throw refused(
        `mac ${mac}`,
        "all ipvlans have the MAC of their uplink",
        "take it out, or use a macvlan",
      );
    if (mode !== undefined && mode !== "l2")
      throw refused(`mode ${mode}`, "an ipvlan has mode l2 here", "take it out");
    if (hostAccess)
      throw refused(
        "hostAccess",
        "the answers of an ipvlan to the host come in by the uplink, where a strict rp_filter drops them",
        `use "switch": "routed": its containers and the host reach each other`,
      );
  }
  if (kind !== "routed") return;
  if (mode !== undefined) throw refused(`mode ${mode}`, "it is for macvlans", "take it out");
  if (hostAccess === false)
    throw refused(
      "hostAccess false",
      "the host is the router of its routed containers",
      "take it out, and keep packets out by ACLs",
    );
  if (vlan !== undefined)
    throw refused(
      `vlan ${vlan}`,
      "the host routes for its containers and must have an address on their LAN",
      `make the VLAN interface with an address of the host, and name it by "uplink"`,
    );
}

/** @throws {CniError} 2 for an ipam that asks the wire, 7 without any */
export function requireAddresses(kind: Kind, { ipam }: AddRequest["config"]): void {
  if (kind !== "routed") return;
  if (ipam === undefined)
    throw new CniError(errorCode.invalidConfig, "a routed container needs an address: ipam is missing", {
      reason: "ipam-missing",
      details: "name the LAN's subnet and gateway in ipam",
    });
  if (ipam.type === "dhcp")
    throw refused(
      "ipam dhcp",
      "the wire answers the host's MAC alone, and routed containers are not on it",
      "give them addresses that the LAN's DHCP server leaves out",
    );
}

function refused(what: string, why: string, remedy: string): CniError {
  return new CniError(errorCode.unsupportedField, `${what} is not supported: ${why}`, {
    reason: "kind-unsupported",
    details: remedy,
  });
}
