/** What some kinds of external switch cannot do: nothing asked for is left undone in silence. Pure. */
import type { Mac } from "../../lib/addr/mac.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { folded } from "../../lib/cni/keys.ts";
import type { AddRequest } from "../../lib/cni/request.ts";
import type { AnyExternalSwitch } from "../../lib/model/switch.ts";
import type { VnicType } from "../../lib/model/vnic.ts";
import type { VnicConfig } from "../../lib/planning/vnic-keys.ts";

type Kind = AnyExternalSwitch["kind"];

/** What may be asked of some kinds and not of others. */
interface Asked {
  readonly mode: string | undefined;
  readonly hostAccess: boolean | undefined;
  readonly vlan: number | undefined;
  readonly mac: Mac | undefined;
  readonly vnic: VnicConfig;
}

interface Limit {
  /** Names what is asked for in vain. */
  readonly what: (asked: Asked) => string | false;
  readonly why: string;
  readonly remedy: string;
}

/** A VM's NIC on what hangs on the uplink. */
const tapOnUplink: Limit = {
  what: ({ vnic }) => vnic.type === "vmNic" && vnic.attach === "switch" && "vmNicAttach switch",
  why: "what hangs on the uplink inside the kernel is no port on the host that a tap could be",
  remedy: `use "vmNicAttach": "compartment", or "switch": "bridge"`,
};

const limits: Readonly<Partial<Record<Kind, readonly Limit[]>>> = {
  macvlan: [tapOnUplink],
  ipvlan: [
    {
      what: ({ vnic }) => vnic.type === "vmNic" && "vnic vmNic",
      why: "an ipvlan lets in only what is for its own addresses, and those of a guest are not its own",
      remedy: `use "switch": "routed", which sends nothing but the uplink's MAC to the wire either`,
    },
    {
      what: ({ mac }) => mac !== undefined && `mac ${mac}`,
      why: "all ipvlans have the MAC of their uplink",
      remedy: "take it out, or use a macvlan",
    },
    {
      what: ({ mode }) => mode !== undefined && mode !== "l2" && `mode ${mode}`,
      why: "an ipvlan has mode l2 here",
      remedy: "take it out",
    },
    {
      what: ({ hostAccess }) => hostAccess === true && "hostAccess",
      why: "the answers of an ipvlan to the host come in by the uplink, where a strict rp_filter drops them",
      remedy: `use "switch": "routed": its containers and the host reach each other`,
    },
  ],
  routed: [
    {
      what: ({ mode }) => mode !== undefined && `mode ${mode}`,
      why: "it is for macvlans",
      remedy: "take it out",
    },
    {
      what: ({ hostAccess }) => hostAccess === false && "hostAccess false",
      why: "the host is the router of its routed containers",
      remedy: "take it out, and keep packets out by ACLs",
    },
    {
      what: ({ vlan }) => vlan !== undefined && `vlan ${vlan}`,
      why: "the host routes for its containers and must have an address on their LAN",
      remedy: `make the VLAN interface with an address of the host, and name it by "uplink"`,
    },
  ],
};

/** @throws {CniError} 2 */
export function refuseForKind(kind: Kind, asked: Asked): void {
  for (const { what, why, remedy } of limits[kind] ?? []) {
    const found = what(asked);
    if (found !== false) throw refused(found, why, remedy);
  }
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

/** @throws {CniError} 2 for addresses that a DHCP client in the compartment would have to get */
export function requireGuestAsks(type: VnicType, { ipam }: AddRequest["config"]): void {
  if (type !== "vmNic" || (ipam?.type !== "dhcp" && folded(ipam?.raw, "source") !== "dhcp")) return;
  throw refused(
    "DHCP for a vmNic",
    "the guest alone has its NIC and its addresses",
    "leave ipam out and run the DHCP client in the guest, as on Windows",
  );
}

function refused(what: string, why: string, remedy: string): CniError {
  return new CniError(errorCode.unsupportedField, `${what} is not supported: ${why}`, {
    reason: "kind-unsupported",
    details: remedy,
  });
}
