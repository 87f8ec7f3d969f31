/** Steps that make ready what vNICs hang on: the uplink's VLAN, and the host's own adapter beside them. Pure. */
import { CniError, errorCode } from "../../cni/error.ts";
import {
  type AnyExternalSwitch,
  type HostAdapter,
  hostAdapterOf,
  type StackedSwitch,
} from "../../model/switch.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { createSublink, decodeSublink } from "../../netlink/route/sublink.ts";
import { isAdapterOf, isOurVlan, networkComment, vlanAlias, vlanGroup } from "../mark.ts";
import type { Role, Step } from "../step.ts";
import { requireUplink } from "../uplink.ts";

/** What there is of a switch whose vNICs hang on an uplink. */
export interface StackedState {
  readonly uplink: Link | undefined;
  /** The uplink itself, or its VLAN. */
  readonly lower: Link | undefined;
  /** The host's own adapter, where it shall have one. */
  readonly adapter: Link | undefined;
}

/**
 * @returns nothing when all is there
 * @throws {CniError} 7 for a loopback, 106 when the uplink is gone or down, 108 when something else is in a place of ours
 */
export function compileStackedSwitch(wanted: StackedSwitch, found: StackedState): readonly Step[] {
  const uplink = requireUplink(wanted, found.uplink);
  const steps: Step[] = [];
  if (wanted.vlan !== undefined) steps.push(...compileVlan(wanted, wanted.vlan, uplink, found.lower));
  const host = hostAdapterOf(wanted);
  if (host !== undefined) steps.push(...compileAdapter(wanted, host, found.adapter));
  return steps;
}

const shared = (title: string) => ({ title, scope: "switch" }) as const;
const learn = (role: Role, name: string): Step => ({
  ...shared(`learn ${name}`),
  action: { kind: "learn", where: "host", role, name },
});

/** Networks share it. @throws {CniError} 108 when something else is in its place */
export function compileVlan(
  { lower, uplink, mtu }: Pick<AnyExternalSwitch, "lower" | "uplink" | "mtu">,
  id: number,
  { index }: Link,
  found: Link | undefined,
): readonly Step[] {
  if (found !== undefined) {
    const sublink = decodeSublink(found);
    const isWanted = sublink?.kind === "vlan" && sublink.id === id && found.peerIndex === index;
    if (!isWanted) throw inPlace(lower, found, `VLAN ${id} of ${uplink}`);
    // The host's own is used and stays the host's.
    if (!isOurVlan(found)) return found.up ? [] : [setUp(lower)];
    if (found.up && found.alias === vlanAlias) return [];
  }
  return [
    ...(found === undefined
      ? [
          {
            ...shared(`link add link ${uplink} ${lower} group ${vlanGroup} type vlan id ${id}`),
            action: {
              kind: "host",
              requests: () => [
                createSublink({
                  name: lower,
                  lower: index,
                  mtu,
                  group: vlanGroup,
                  sublink: { kind: "vlan", id },
                }),
              ],
            },
            needs: "8021q",
          } satisfies Step,
        ]
      : []),
    {
      ...shared(`link set ${lower} alias "${vlanAlias}" addrgenmode none`),
      action: {
        kind: "host",
        requests: () => [
          setLink(lower, { alias: vlanAlias }),
          // The host is not on this LAN: no link-local address of it either.
          setLink(lower, { addrGenMode: "none" }),
        ],
      },
      accept: ["EAFNOSUPPORT"],
    },
    setUp(lower),
  ];
}

const setUp = (name: string): Step => ({
  ...shared(`link set ${name} up`),
  action: { kind: "host", requests: () => [setLink(name, { up: true })] },
});

/** It answers for the host's addresses to those alone that the host reaches through it: to the LAN the uplink does. */
function compileAdapter(
  { lower, network, mtu }: StackedSwitch,
  { name, mac }: HostAdapter,
  found: Link | undefined,
): readonly Step[] {
  if (found !== undefined) {
    if (!isAdapterOf(found, network, mac))
      throw inPlace(name, found, `the host's adapter of network ${network}`);
    if (found.up && found.alias !== undefined) return [];
  }
  const alias = networkComment(network);
  return [
    ...(found === undefined
      ? [
          learn("switch", lower),
          {
            ...shared(`link add link ${lower} ${name} address ${mac} type macvlan mode bridge`),
            action: {
              kind: "host",
              requests: (index) => [
                createSublink({
                  name,
                  lower: index("switch"),
                  mac,
                  mtu,
                  sublink: { kind: "macvlan", mode: "bridge" },
                }),
              ],
            },
          } satisfies Step,
        ]
      : []),
    // It takes no part in the LAN beyond its containers: no router is believed, and nobody asked for its link-local address.
    ...(["accept_ra", "accept_dad"] as const).map(
      (key): Step => ({
        ...shared(`sysctl net.ipv6.conf.${name}.${key}=0`),
        action: {
          kind: "sysctl",
          where: "host",
          key: ["ipv6", "conf", name, key],
          value: "0",
          optional: true,
        },
      }),
    ),
    {
      ...shared(`link set ${name} up alias "${alias}" ipv4.arp_filter=1`),
      action: {
        kind: "host",
        requests: () => [
          setLink(name, { alias }),
          setLink(name, { ipv4: { arp_filter: 1 } }),
          setLink(name, { up: true }),
        ],
      },
    },
  ];
}

function inPlace(name: string, link: Link, wanted: string): CniError {
  const whose = link.alias === undefined ? "" : ` ("${link.alias}")`;
  return new CniError(
    errorCode.conflict,
    `interface ${name} is of kind ${link.kind ?? "physical"}${whose}, the configuration wants ${wanted} there`,
    { reason: "switch-differs", details: `rename or remove ${name}` },
  );
}
