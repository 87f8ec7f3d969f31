/** From what is asked for to the policies of a port, once the endpoint's addresses are known. Pure. */
import { type Ip, ipFamily } from "../addr/ip.ts";
import { linkLocal, type Mac } from "../addr/mac.ts";
import { contains } from "../addr/prefix.ts";
import { type Acl, type AclDefault, inOrder } from "./acl.ts";
import type { Guard, GuardAllowance } from "./guard.ts";
import type { OutBoundNat } from "./outbound-nat.ts";
import type { Policy, PolicyKind, PolicyOf } from "./policy.ts";
import type { Qos } from "./qos.ts";

export interface PortPolicies {
  /** Absent: the port may send what it likes. */
  readonly guard?: { readonly allow: readonly GuardAllowance[]; readonly addresses: readonly Ip[] };
  readonly acls: readonly Acl[];
  /** What becomes of packets that no ACL names; a direction left open is blocked once there is any ACL. */
  readonly aclDefault?: Partial<AclDefault>;
  readonly outboundNat: readonly Omit<OutBoundNat, "kind" | "addresses">[];
  readonly qos?: Qos;
}

export interface PortLayers {
  readonly policies: readonly Policy[];
  readonly aclDefault?: AclDefault;
}

interface Endpoint {
  readonly mac: Mac;
  readonly addresses: readonly Ip[];
}

type Layers = {
  readonly [K in PolicyKind]: (wanted: PortPolicies, endpoint: Endpoint) => readonly PolicyOf<K>[];
};

/** One entry for each kind of policy, in the order of the layers; ports are published by the network types that can. */
const layers: Layers = {
  Guard: ({ guard }, { mac, addresses }) => (guard === undefined ? [] : [guardOf(guard, mac, addresses)]),
  ACL: ({ acls }) => inOrder(acls),
  OutBoundNAT: (wanted, { addresses }) => translations(wanted, addresses),
  QOS: ({ qos }) => (qos === undefined ? [] : [qos]),
  PortMapping: () => [],
};

export function portLayers(wanted: PortPolicies, endpoint: Endpoint): PortLayers {
  const policies = Object.values(layers).flatMap((layer): readonly Policy[] => layer(wanted, endpoint));
  const aclDefault = defaultOf(wanted);
  return { policies, ...(aclDefault === undefined ? {} : { aclDefault }) };
}

function guardOf(
  { allow, addresses: extra }: NonNullable<PortPolicies["guard"]>,
  mac: Mac,
  addresses: readonly Ip[],
): Guard {
  const own = [...new Set([...addresses, linkLocal(mac), ...extra])];
  return { kind: "Guard", mac, addresses: own, allow };
}

/** HCN: any ACL means that the rest is denied, both ways. Absent where everything may pass anyhow. */
function defaultOf({ acls, aclDefault }: PortPolicies): AclDefault | undefined {
  const rest = acls.length > 0 ? "Block" : "Allow";
  const whole: AclDefault = { In: rest, Out: rest, ...aclDefault };
  return acls.length === 0 && whole.In === "Allow" && whole.Out === "Allow" ? undefined : whole;
}

/** A translation for the endpoint's addresses of the families that it can serve. */
function translations({ outboundNat }: PortPolicies, addresses: readonly Ip[]): readonly OutBoundNat[] {
  return outboundNat.flatMap((nat): OutBoundNat[] => {
    const sources = servedBy(nat, addresses);
    return sources.length === 0 ? [] : [{ kind: "OutBoundNAT", addresses: sources, ...nat }];
  });
}

const servedBy = ({ virtualIp }: Pick<OutBoundNat, "virtualIp">, addresses: readonly Ip[]): readonly Ip[] =>
  addresses.filter((ip) => virtualIp === undefined || ipFamily(virtualIp) === ipFamily(ip));

/** Virtual addresses of a family that the endpoint does not have. */
export function idleVirtualIps({ outboundNat }: PortPolicies, addresses: readonly Ip[]): readonly Ip[] {
  return outboundNat
    .filter((nat) => servedBy(nat, addresses).length === 0)
    .flatMap((nat) => nat.virtualIp ?? []);
}

/**
 * Rules whose local addresses hold only some of the endpoint's addresses of one family: no hook of the port can tell
 * those apart.
 */
export function splitAddresses(acls: readonly Acl[], addresses: readonly Ip[]): readonly Acl[] {
  return acls.filter(({ localAddresses }) =>
    ([4, 6] as const).some((family) => {
      const own = addresses.filter((address) => ipFamily(address) === family);
      const held = own.filter((address) => localAddresses.some((prefix) => contains(prefix, address)));
      return localAddresses.length > 0 && held.length > 0 && held.length < own.length;
    }),
  );
}
